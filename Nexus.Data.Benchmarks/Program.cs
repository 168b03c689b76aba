using Nexus.Data.Benchmarks;

return args is ["hashing"] ? HashingBenchmark.Run(Console.Out) : 0;
