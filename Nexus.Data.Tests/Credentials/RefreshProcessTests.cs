using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Credentials;

namespace Nexus.Data.Tests.Credentials;

/// <summary>Refreshes of several processes, of which some die or hang.</summary>
[Category("Crash")]
public sealed class RefreshProcessTests : CredentialTest
{
    private readonly List<Process> _processes = [];

    [TearDown]
    public void KillProcesses()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            process.Dispose();
        }

        _processes.Clear();
    }

    [Test]
    public async Task Eight_processes_that_need_the_same_token_ask_the_issuer_once()
    {
        await AddAsync(With(Key), "acc", -1);
        Issuer.BeforeAnswer = () => Task.Delay(300);
        for (var i = 0; i < 8; i++)
        {
            await StartAsync();
        }

        foreach (var process in _processes)
        {
            await process.StandardInput.WriteLineAsync();
            await process.StandardInput.FlushAsync();
        }

        var answers = await Task.WhenAll(_processes.Select(process => process.StandardOutput.ReadLineAsync()));

        Assert.That(answers, Is.All.EqualTo(TokenServer.AccessTokenOf("acc", 1)));
        Assert.That(Issuer.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_process_that_is_killed_while_it_refreshes_holds_nobody_up()
    {
        var services = With(Key);
        await AddAsync(services, "acc", -1);
        var never = Hold();
        await BeginAsync();

        var call = services.GetRequiredService<AccessTokens>().GetAsync("acc");
        await Task.Delay(300);
        Assert.That(call.IsCompleted, Is.False, "It should wait for the other process.");
        var start = Stopwatch.GetTimestamp();
        _processes[0].Kill();
        var token = await call;

        Assert.That(token, Is.EqualTo(TokenServer.AccessTokenOf("acc", 1)));
        Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(10)));
        Assert.That(Issuer.Requests, Has.Count.EqualTo(2));
        never.SetException(new IOException());
    }

    [Test]
    public async Task A_process_that_hangs_loses_its_lock()
    {
        var services = With(Key);
        await AddAsync(services, "acc", -1);
        var never = Hold();
        await BeginAsync(exchangeSeconds: 1);
        using (var stop = Process.Start("kill", ["-STOP", $"{_processes[0].Id}"]))
        {
            await stop.WaitForExitAsync();
        }

        var start = Stopwatch.GetTimestamp();
        var token = await services.GetRequiredService<AccessTokens>().GetAsync("acc");

        // A second for the exchange, and ten.
        Assert.That(token, Is.EqualTo(TokenServer.AccessTokenOf("acc", 1)));
        Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(20)));
        never.SetException(new IOException());
    }

    // The first who asks gets no answer.
    private TaskCompletionSource Hold()
    {
        var never = new TaskCompletionSource();
        var asked = 0;
        Issuer.BeforeAnswer = () => Interlocked.Increment(ref asked) == 1 ? never.Task : Task.CompletedTask;
        return never;
    }

    private async Task BeginAsync(int exchangeSeconds = 30)
    {
        await StartAsync(exchangeSeconds);
        await _processes[0].StandardInput.WriteLineAsync();
        await _processes[0].StandardInput.FlushAsync();
        while (Issuer.Requests.IsEmpty)
        {
            await Task.Delay(10);
        }
    }

    private async Task StartAsync(int exchangeSeconds = 30)
        => _processes.Add(await TokenProcess.StartAsync(ConnectionString, Issuer.Endpoint, Key, "acc", exchangeSeconds));
}
