using System.CommandLine;
using Nexus.Data.Usage;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data usage prices</c>: what a million tokens of a model cost.</summary>
internal static class PricesCommand
{
    private const string StandardInput = "-";

    public static Verb Create(GlobalOptions options, ToolHost host)
    {
        var verb = new Verb("prices", "Look after the prices that costs are computed by.")
        {
            List(options, host),
            Import(options, host),
            Delete(options, host),
        };
        verb.Examples =
        [
            ("usage prices list", "What there is."),
            ("usage prices import prices.csv", "Costs are computed by these from now on, those of the past too."),
        ];
        return verb;
    }

    private static Verb List(GlobalOptions options, ToolHost host)
    {
        var verb = new Verb("list", "List the prices of a million tokens, by model and day.")
        {
            Examples = [("usage prices list --json", "For a program.")],
        };
        verb.SetWork(options, host, async (run, cancellationToken) => await run.ListAsync(
            "prices", await run.Get<PriceTable>().ListAsync(cancellationToken), "There are no prices: usage prices import brings some.",
            [
                "model", "valid from", new("input", IsNumber: true), new("output", IsNumber: true), new("into cache", IsNumber: true),
                new("from cache", IsNumber: true),
            ],
            price =>
            [
                price.Model, $"{price.ValidFrom:yyyy-MM-dd}", $"{price.InputPrice:0.00####}", $"{price.OutputPrice:0.00####}",
                $"{price.CacheCreationPrice:0.00####}", $"{price.CacheReadPrice:0.00####}",
            ]));
        return verb;
    }

    private static Verb Import(GlobalOptions options, ToolHost host)
    {
        var file = new Argument<string>("FILE")
        {
            Description = "CSV with the columns model, valid_from, input, output, cache_creation, cache_read, or JSON; - for "
                + "standard input.",
        };
        var verb = new Verb("import", "Bring prices in, all of a file or none. One of the same model and day is replaced.") { file };
        verb.Examples =
        [
            ("usage prices import prices.csv", "With a line such as claude-3-opus*,2025-01-01,15,75,18.75,1.5."),
            ("usage prices import prices.csv --dry-run", "Says what would be new."),
        ];
        verb.SetChange(options, host, async (run, cancellationToken) =>
        {
            var path = run.Result.GetRequiredValue(file);
            using var bytes = new MemoryStream();
            await using (var stream = path == StandardInput ? host.OpenInput() : File.OpenRead(path))
            {
                await stream.CopyToAsync(bytes, cancellationToken);
            }

            var report = await run.ChangeAsync(
                (db, token) => run.Get<PriceTable>().In(db).ImportAsync(new MemoryStream(bytes.ToArray()), token), cancellationToken);
            return await run.TellAsync(
                report, $"{report.Added:N0} prices are new, {report.Changed:N0} changed, {report.Unchanged:N0} were there already.");
        });
        return verb;
    }

    private static Verb Delete(GlobalOptions options, ToolHost host)
    {
        var model = new Argument<string>("MODEL") { Description = "The name as it is listed, with its asterisk." };
        var day = UsageOptions.Day("--valid-from", "Only the price from this day on.");
        var verb = new Verb("delete", "Delete prices of a model.") { model, day };
        verb.Examples = [("usage prices delete 'claude-3-opus*' --valid-from 2025-01-01", "One of them.")];
        verb.SetChange(options, host, async (run, cancellationToken) =>
        {
            var name = run.Result.GetRequiredValue(model);
            var count = await run.ChangeAsync(
                (db, token) => run.Get<PriceTable>().In(db).DeleteAsync(name, run.Result.GetValue(day), token), cancellationToken);
            return await run.TellAsync(
                new { Model = name, Deleted = count }, count == 0 ? $"There is no such price of '{name}'." : $"{count:N0} prices are deleted.",
                count == 0 ? ExitCode.CheckFailed : ExitCode.Done);
        });
        return verb;
    }
}
