using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Operations.Roles;

/// <summary>
/// Sets up the roles of a database: makes what is missing, corrects what drifted, and has each right tried. The contexts
/// connect as an administrator: a superuser, or the owner of the database and of what is in it, with CREATEROLE.
/// </summary>
/// <param name="contexts">Makes the contexts.</param>
public sealed class RoleSetup(IDbContextFactory<NexusDbContext> contexts)
{
    // Verifiers come as rows of a COPY, which no server logs, as it logs statements and their parameters, and go on by no
    // statement of their own. An error's context would be that statement, so the error goes on without it.
    private const string PasswordTable =
        "CREATE TEMPORARY TABLE nexus_password (role text, verifier text) ON COMMIT DROP";

    private const string CopyPassword = "COPY pg_temp.nexus_password FROM STDIN (FORMAT binary)";

    private const string PasswordStatement =
        """
        DO $nexus$
        DECLARE given record;
        BEGIN
            SELECT role, verifier INTO STRICT given FROM pg_temp.nexus_password;
            DROP TABLE pg_temp.nexus_password;
            EXECUTE format('ALTER ROLE %I PASSWORD %L', given.role, given.verifier);
        EXCEPTION WHEN OTHERS THEN
            RAISE EXCEPTION USING ERRCODE = SQLSTATE, MESSAGE = SQLERRM;
        END $nexus$;
        """;

    // Errors that are foreseen are taken in the server, so that its log does not fill with them. The error at the end
    // takes back what was done, and the role along.
    private const string TryFunction =
        """
        CREATE FUNCTION pg_temp.nexus_try(who text, what text) RETURNS text LANGUAGE plpgsql AS $nexus$
        BEGIN
            EXECUTE format('SET LOCAL ROLE %I', who);
            EXECUTE what;
            RAISE EXCEPTION USING ERRCODE = 'NEXUS';
        EXCEPTION WHEN OTHERS THEN
            RETURN SQLSTATE || ' ' || SQLERRM;
        END $nexus$;
        """;

    private const string TryStatement =
        """
        SELECT pg_temp.nexus_try(who, what)
        FROM unnest(@roles, @statements) WITH ORDINALITY AS attempt (who, what, n)
        ORDER BY n
        """;

    // Owners change under the strictest lock; whoever waits for it has everybody else wait behind.
    private const string Limits = "SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = 0;";
    private const string Gate = "SELECT pg_advisory_xact_lock(hashtextextended('nexus.roles', 0))";
    private const string Done = "NEXUS";

    /// <summary>Says what there is to do. Changes nothing.</summary>
    /// <param name="options">The roles' names and passwords; null for the usual ones.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="NexusDataException">The prefix or a password cannot be used.</exception>
    public async Task<RolePlan> PlanAsync(RoleSetupOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        options.Check();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await PlanAsync(db, options, cancellationToken);
    }

    /// <summary>Makes the changes of a plan, all of them or none.</summary>
    /// <param name="plan">A plan for this database.</param>
    /// <param name="cancellationToken">Gives up, and takes back what was done.</param>
    /// <exception cref="NexusDataException">The user may not do it (<see cref="NexusDataErrorKind.Forbidden"/>), the
    /// database has changed since the plan was made (<see cref="NexusDataErrorKind.Conflict"/>), or a table was in use for
    /// too long (<see cref="NexusDataErrorKind.Unavailable"/>).</exception>
    public async Task ApplyAsync(RolePlan plan, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);

        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.ExecuteAsync(Limits, [], cancellationToken);
        await db.ExecuteAsync(Gate, [], cancellationToken);
        var current = await PlanAsync(db, plan.Options, cancellationToken);
        if (!current.Changes.Select(change => change.Statement).SequenceEqual(
            plan.Changes.Select(change => change.Statement), StringComparer.Ordinal))
        {
            throw new NexusDataException(
                NexusDataErrorKind.Conflict,
                $"The roles or rights of database {plan.Database} were changed since it was planned what to do with them: "
                + "run it again.");
        }

        if (current.Obstacles.Count > 0)
        {
            throw Forbidden(current);
        }

        await ApplyAsync(db, current, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Has every role try what it should be let, and what it should not, and takes all of it back.</summary>
    /// <param name="options">As for the plan.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What was tried, and how the server answered.</returns>
    /// <exception cref="NexusDataException">A role is missing, or the user cannot become it.</exception>
    public async Task<IReadOnlyList<RoleProof>> ProveAsync(
        RoleSetupOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        options.Check();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.ExecuteAsync(Limits, [], cancellationToken);
        var catalog = await RoleCatalog.ReadAsync(db, options, cancellationToken);
        foreach (var role in Enum.GetValues<NexusRole>())
        {
            await BecomeMemberAsync(db, catalog, options.NameOf(role), cancellationToken);
        }

        await db.ExecuteAsync(TryFunction, [], cancellationToken);
        var attempts = new RoleAttempts(catalog, options, Quoting(db)).List();
        var answers = await db.ReadAllAsync(
            TryStatement,
            [
                DbCommands.Texts("roles", [.. attempts.Select(attempt => attempt.By)]),
                DbCommands.Texts("statements", [.. attempts.Select(attempt => attempt.Statement)]),
            ],
            row => row.GetString(0), cancellationToken);
        await transaction.RollbackAsync(cancellationToken);
        return [.. attempts.Zip(answers, Judge)];
    }

    private static RoleProof Judge(RoleAttempt attempt, string answer)
    {
        var isDone = answer.StartsWith(Done, StringComparison.Ordinal)
            || attempt.Success is { } code && answer.StartsWith(code, StringComparison.Ordinal);
        var isDenied = answer.StartsWith(PostgresErrorCodes.InsufficientPrivilege, StringComparison.Ordinal);
        return new(
            attempt.Role, attempt.Action, attempt.Thing, attempt.IsGranted,
            attempt.IsGranted ? isDone : isDenied, isDone ? null : answer);
    }

    private static async Task<RolePlan> PlanAsync(
        NexusDbContext db, RoleSetupOptions options, CancellationToken cancellationToken)
        => RolePlanner.Plan(await RoleCatalog.ReadAsync(db, options, cancellationToken), options, Quoting(db));

    private static async Task ApplyAsync(NexusDbContext db, RolePlan plan, CancellationToken cancellationToken)
    {
        var catalog = await RoleCatalog.ReadAsync(db, plan.Options, cancellationToken);
        var migration = plan.Options.NameOf(NexusRole.Migration);
        var isBorrowed = false;
        var statement = "";
        try
        {
            for (var i = 0; i < plan.Changes.Count; i++)
            {
                if (i == plan.RoleChanges)
                {
                    isBorrowed = await BecomeMemberAsync(db, catalog, migration, cancellationToken);
                }

                statement = plan.Changes[i].Statement;
                await ApplyAsync(db, plan.Changes[i], cancellationToken);
            }

            // What is left now would be left again the next time. Whether a password is set, none but a superuser can see.
            var left = await PlanAsync(db, plan.Options, cancellationToken);
            if (left.Changes.FirstOrDefault(change => catalog.IsSuperuser || change.Password is null) is { } first)
            {
                throw new NexusDataException(
                    NexusDataErrorKind.Conflict,
                    $"The server took the changes and is not as it should be: '{first.Statement}' is still to be done. "
                    + "Nothing was changed.");
            }

            if (isBorrowed)
            {
                await db.ExecuteAsync(
                    $"REVOKE {Quoting(db)(migration)} FROM {Quoting(db)(catalog.User)}", [], cancellationToken);
            }
        }
        catch (PostgresException exception) when (Explain(exception, statement) is { } explained)
        {
            throw explained;
        }
    }

    private static Task ApplyAsync(NexusDbContext db, RoleChange change, CancellationToken cancellationToken)
        => change.Password is var (role, verifier)
            ? SetPasswordAsync(db, role, verifier, cancellationToken)
            : db.ExecuteAsync(change.Statement, [], cancellationToken);

    private static async Task SetPasswordAsync(
        NexusDbContext db, string role, string verifier, CancellationToken cancellationToken)
    {
        await db.ExecuteAsync(PasswordTable, [], cancellationToken);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        await using (var rows = await connection.BeginBinaryImportAsync(CopyPassword, cancellationToken))
        {
            await rows.WriteRowAsync(cancellationToken, role, verifier);
            await rows.CompleteAsync(cancellationToken);
        }

        await db.ExecuteAsync(PasswordStatement, [], cancellationToken);
    }

    // A superuser can become anybody. Others make themselves members for as long as the transaction lasts.
    private static async Task<bool> BecomeMemberAsync(
        NexusDbContext db, RoleCatalog catalog, string role, CancellationToken cancellationToken)
    {
        if (catalog.IsSuperuser || catalog.Roles.TryGetValue(role, out var state) && state.MayUse)
        {
            return false;
        }

        try
        {
            await db.ExecuteAsync(
                $"GRANT {Quoting(db)(role)} TO {Quoting(db)(catalog.User)}", [], cancellationToken);
            return true;
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Forbidden,
                $"User {catalog.User} cannot become {role}, which it takes to hand over to it and to try its rights: connect as "
                + $"a superuser or as who made the role, or have it granted (GRANT {role} TO {catalog.User}).",
                exception);
        }
    }

    private static NexusDataException Forbidden(RolePlan plan)
        => new(
            NexusDataErrorKind.Forbidden,
            $"The connected user may not set up the roles of database {plan.Database}: "
            + $"{string.Join("; ", plan.Obstacles)}. Connect as a superuser, or as the owner of the database, of the "
            + "schema and of what is in it, with CREATEROLE. Nothing was changed.");

    private static NexusDataException? Explain(PostgresException exception, string statement) => exception.SqlState switch
    {
        PostgresErrorCodes.InsufficientPrivilege => new(
            NexusDataErrorKind.Forbidden,
            $"The connected user may not do '{statement}': {exception.MessageText}. Connect as a superuser. "
            + "Nothing was changed.",
            exception),
        PostgresErrorCodes.LockNotAvailable => new(
            NexusDataErrorKind.Unavailable,
            $"'{statement}' waited ten seconds for others to let go, and gave up so that nobody waits behind it. Nothing was "
            + "changed: run it again in a quieter moment.",
            exception),

        // Roles are the server's, and no lock of a database keeps two from changing them at once.
        PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DuplicateObject or PostgresErrorCodes.InternalError => new(
            NexusDataErrorKind.Conflict,
            $"'{statement}' met with somebody who changed roles at the same time ({exception.MessageText}). Nothing was "
            + "changed: run it again.",
            exception),
        _ => null,
    };

    private static Func<string, string> Quoting(NexusDbContext db)
        => db.GetService<ISqlGenerationHelper>().DelimitIdentifier;
}
