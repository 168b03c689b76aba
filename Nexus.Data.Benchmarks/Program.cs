using System.Globalization;
using Nexus.Data.Benchmarks;

return args switch
{
    ["hashing"] => HashingBenchmark.Run(Console.Out),
    ["linking"] => await LinkingBenchmark.RunAsync(Console.Out, 10_000, 1_000_000),
    ["linking", var size] => await LinkingBenchmark.RunAsync(Console.Out, int.Parse(size, CultureInfo.InvariantCulture)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project Nexus.Data.Benchmarks -- hashing | linking [requests]");
    return 2;
}
