using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace Nexus.Data.Benchmarks;

/// <summary>The commands that a service sent, and its transactions, to be sent again by Npgsql alone.</summary>
internal sealed class SentCommands : DbCommandInterceptor, IDbTransactionInterceptor
{
    private readonly List<Step> _steps = [];

    private enum StepKind
    {
        Read,
        Begin,
        Commit,
    }

    /// <summary>What a service sends that works in a caller's context.</summary>
    public static async Task<SentCommands> OfAsync(string connection, Func<NexusDbContext, Task> ask)
    {
        var sent = new SentCommands();
        await using var db = new Contexts(connection, sent).CreateDbContext();
        await ask(db);
        return sent;
    }

    /// <summary>Contexts whose commands are written down.</summary>
    public IDbContextFactory<NexusDbContext> Watch(string connection) => new Contexts(connection, this);

    /// <summary>Takes what was written down, and begins anew.</summary>
    public SentCommands Take()
    {
        var taken = new SentCommands();
        taken._steps.AddRange(_steps);
        _steps.Clear();
        return taken;
    }

    /// <summary>Sends the commands again, prepared, and reads every value of their rows.</summary>
    public async Task RunAsync(NpgsqlDataSource source)
    {
        await using var connection = await source.OpenConnectionAsync();
        NpgsqlTransaction? transaction = null;
        foreach (var step in _steps)
        {
            switch (step.Kind)
            {
                case StepKind.Begin:
                    transaction = await connection.BeginTransactionAsync();
                    break;
                case StepKind.Commit:
                    await transaction!.CommitAsync();
                    await transaction.DisposeAsync();
                    break;
                default:
                    await ReadAsync(connection, step);
                    break;
            }
        }
    }

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result,
        CancellationToken cancellationToken = default)
    {
        Add(command);
        return new(result);
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result,
        CancellationToken cancellationToken = default)
    {
        Add(command);
        return new(result);
    }

    public override ValueTask<InterceptionResult<object>> ScalarExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<object> result,
        CancellationToken cancellationToken = default)
    {
        Add(command);
        return new(result);
    }

    public ValueTask<DbTransaction> TransactionStartedAsync(
        DbConnection connection, TransactionEndEventData eventData, DbTransaction result,
        CancellationToken cancellationToken = default)
    {
        _steps.Add(new(StepKind.Begin, "", []));
        return new(result);
    }

    public Task TransactionCommittedAsync(
        DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        _steps.Add(new(StepKind.Commit, "", []));
        return Task.CompletedTask;
    }

    private void Add(DbCommand command)
        => _steps.Add(new(
            StepKind.Read, command.CommandText,
            [.. command.Parameters.Cast<NpgsqlParameter>().Select(parameter => parameter.Clone())]));

    private static async Task ReadAsync(NpgsqlConnection connection, Step step)
    {
        await using var command = new NpgsqlCommand(step.Text, connection);
        foreach (var parameter in step.Parameters)
        {
            command.Parameters.Add(parameter.Clone());
        }

        await command.PrepareAsync();
        await using var reader = await command.ExecuteReaderAsync();
        do
        {
            while (await reader.ReadAsync())
            {
                for (var column = 0; column < reader.FieldCount; column++)
                {
                    _ = reader.GetValue(column);
                }
            }
        }
        while (await reader.NextResultAsync());
    }

    private sealed record Step(StepKind Kind, string Text, NpgsqlParameter[] Parameters);

    private sealed class Contexts(string connection, SentCommands sent) : IDbContextFactory<NexusDbContext>
    {
        private readonly DbContextOptions<NexusDbContext> _options = Options(connection, sent);

        public NexusDbContext CreateDbContext() => new(_options);

        private static DbContextOptions<NexusDbContext> Options(string connection, SentCommands sent)
        {
            var builder = new DbContextOptionsBuilder<NexusDbContext>();
            builder.UseNexus(connection).AddInterceptors(sent);
            return builder.Options;
        }
    }
}
