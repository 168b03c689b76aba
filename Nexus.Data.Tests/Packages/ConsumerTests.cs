using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Analyses;
using Nexus.Data.Recording;
using Nexus.Data.Tests.Architecture;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Packages;

/// <summary>Programs that have the packages alone do what the documents say of them.</summary>
[Category("Packages")]
public sealed partial class ConsumerTests : EmptyDatabaseTest
{
    private const string Hello = """{"messages":[{"role":"user","content":"Hello"}]}""";

    private const string Next =
        """
        {"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hello"},
                     {"role":"user","content":"How late is it?"}]}
        """;

    // What the program of the README prints.
    private static string OneConversation =>
        """
        ^(?<id>[0-9a-f-]{36}) main, parent none
        \k<id> main, parent [0-9a-f-]{36}
        \k<id>: 2 requests on 1 branch
        $
        """.ReplaceLineEndings("\n");

    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(5);

    [Test]
    public async Task The_program_of_the_README_records_links_and_lists()
    {
        var run = await DotnetRun.RunAsync(
            Feed.Root.FullName, ["exec", await Consumers.AssemblyAsync("Console"), ConnectionString], new Dictionary<string, string>());

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        Assert.That(run.Output, Does.Match(OneConversation));
    }

    [Test]
    public async Task The_service_takes_calls_and_shows_their_conversation()
    {
        var spool = Path.Combine(Feed.Root.FullName, "spool");
        await using var service = await ProcessWithLog.StartAsync("WebService", "Now listening on: ", new()
        {
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["Nexus__Data__ConnectionString"] = ConnectionString,
            ["Nexus__Data__Ingest__SpoolFolder"] = spool,
        });
        using var client = new HttpClient { BaseAddress = new(service.RestOfLine) };

        var answer = await PostAsync(Hello);
        await PostAsync(Next);
        var refused = await client.PostAsync("/trains/rail-club/v1/messages", new StringContent("""{"messages":"""));
        var listed = await UntilAsync(
            async () => (await client.GetFromJsonAsync<JsonElement>("/trains/rail-club/conversations")).GetProperty("items"),
            items => items.GetArrayLength() == 1 && items[0].GetProperty("outputTokens").GetInt64() == 2);
        var id = listed[0].GetProperty("conversationId").GetGuid();
        var shown = await client.GetFromJsonAsync<JsonElement>($"/trains/rail-club/conversations/{id}");
        var unknown = await client.GetAsync($"/trains/rail-club/conversations/{Guid.NewGuid()}");

        Assert.Multiple(async () =>
        {
            Assert.That(answer.GetProperty("content")[0].GetProperty("text").GetString(), Is.EqualTo("Hello"));
            Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest), await refused.Content.ReadAsStringAsync());
            Assert.That(unknown.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
            var requests = shown.GetProperty("requests");
            Assert.That(requests.GetArrayLength(), Is.EqualTo(2));
            Assert.That(requests[1].GetProperty("parentRequestId").GetGuid(), Is.EqualTo(requests[0].GetProperty("requestId").GetGuid()));
            Assert.That(await client.GetStringAsync("/health/ready"), Is.EqualTo("Healthy"));
            Assert.That(await client.GetStringAsync("/health/live"), Is.EqualTo("Healthy"));
        });

        async Task<JsonElement> PostAsync(string body)
        {
            using var response = await client.PostAsync("/trains/rail-club/v1/messages", new StringContent(body));
            return (await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>())!;
        }
    }

    // An analysis takes longer than the lease: it counts only where the lease is prolonged.
    [Test]
    public async Task The_worker_completes_what_it_can_and_fails_the_rest()
    {
        await using var services = new ServiceCollection().AddNexusData(ConnectionString).BuildServiceProvider();
        await services.MigrateNexusDataAsync();
        var queue = services.GetRequiredService<AnalysisQueue>();
        var (counted, asked) = (await OrderAsync("one", null), await OrderAsync("two", "What went wrong?"));

        await using var worker = await ProcessWithLog.StartAsync("AnalysisWorker", "Application started", new()
        {
            ["Nexus__Data__ConnectionString"] = ConnectionString,
            ["Worker__LeaseSeconds"] = "6",
            ["Worker__WorkSeconds"] = "8",
            ["Worker__PauseMs"] = "50",
        });
        var completed = await UntilAsync(
            () => queue.FindAsync(counted), analysis => analysis!.Summary.Status == ConversationAnalysisStatus.Completed);
        var failed = await UntilAsync(
            () => queue.FindAsync(asked), analysis => analysis!.Summary.Status == ConversationAnalysisStatus.Failed);

        Assert.Multiple(() =>
        {
            Assert.That(completed!.Content, Is.EqualTo("1 requests, 0 tokens written."));
            Assert.That(failed!.Summary.Error, Does.Contain("no model"));
        });

        async Task<long> OrderAsync(string text, string? prompt)
        {
            var place = await services.GetRequiredService<RequestRecorder>().RecordAsync(new()
            {
                RequestId = Guid.CreateVersion7(),
                TrainId = "rail-club",
                Body = Encoding.UTF8.GetBytes(Hello.Replace("Hello", text, StringComparison.Ordinal)),
            });
            return (await queue.EnqueueAsync(place.ConversationId!.Value, place.BranchId!, new() { CustomPrompt = prompt }, new("test"))).Id;
        }
    }

    [Test]
    public async Task The_test_project_passes()
    {
        var run = await DotnetRun.RunAsync(
            await Consumers.FolderAsync("TestProject"), ["test", "--no-build", "--configuration", Feed.Configuration], await Consumers.VariablesAsync());

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        Assert.That(run.Output, Does.Match(@"Passed! +- Failed: +0, Passed: +4, Skipped: +0"));
    }

    [Test]
    public async Task Dotnet_ef_works_on_a_factory_of_ones_own()
    {
        var project = await Consumers.FolderAsync("DesignTime");
        await DotnetRun.EnsureAsync(Repository.Root, "tool", "restore");

        var update = await EfAsync(project, "database", "update");
        var list = await EfAsync(project, "migrations", "list");

        await using var db = OpenContext();
        Assert.Multiple(() =>
        {
            Assert.That(update.ExitCode, Is.Zero, update.Output);
            Assert.That(list.ExitCode, Is.Zero, list.Output);
            Assert.That(Listed().Matches(list.Output).Select(line => line.Value), Is.EqualTo(db.Database.GetMigrations()));
        });
    }

    [Test]
    public async Task A_context_of_ones_own_has_migrations_of_its_own_and_records_links_and_lists()
    {
        var project = await Consumers.FolderAsync("Shop");
        await DotnetRun.EnsureAsync(Repository.Root, "tool", "restore");

        var add = await EfAsync(project, "migrations", "add", "Initial");

        // EF does not write in this house's style.
        var build = await DotnetRun.RunAsync(
            project, ["build", "--no-restore", "--configuration", Feed.Configuration, "-p:RunAnalyzers=false"], await Consumers.VariablesAsync());
        Assert.That((add.ExitCode, build.ExitCode), Is.EqualTo((0, 0)), add.Output + build.Output);
        var pending = await EfAsync(project, "migrations", "has-pending-model-changes");
        var update = await EfAsync(project, "database", "update");
        var run = await DotnetRun.RunAsync(
            Feed.Root.FullName, ["exec", await Consumers.AssemblyAsync("Shop"), ConnectionString], new Dictionary<string, string>());

        Assert.Multiple(() =>
        {
            Assert.That(pending.ExitCode, Is.Zero, pending.Output);
            Assert.That(update.ExitCode, Is.Zero, update.Output);
            Assert.That(run.ExitCode, Is.Zero, run.Output);
            Assert.That(run.Output, Does.Match(OneConversation));
        });
    }

    private async Task<DotnetRun> EfAsync(string project, params string[] command)
    {
        var variables = await Consumers.VariablesAsync();
        variables["NEXUS_DATABASE_URL"] = variables["ConnectionStrings__Shop"] = ConnectionString;

        // From the repository, whose manifest names the tool's version.
        return await DotnetRun.RunAsync(
            Repository.Root, ["ef", .. command, "--project", project, "--configuration", Feed.Configuration, "--no-build"], variables);
    }

    private static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> isThere)
    {
        using var limit = new CancellationTokenSource(_patience);
        while (true)
        {
            var found = await ask();
            if (isThere(found))
            {
                return found;
            }

            Assert.That(limit.IsCancellationRequested, Is.False, "It did not come to that.");
            await Task.Delay(50);
        }
    }

    // Without what stands behind one that is missing.
    [GeneratedRegex(@"^\d{14}_\w+.*$", RegexOptions.Multiline)]
    private static partial Regex Listed();
}
