using Nexus.Data.Chats;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Tool;

/// <summary>A folder for backups, empty databases to restore into, and what is in a database.</summary>
public abstract class BackupTest : DatabaseTest
{
    private readonly List<string> _databases = [];

    private protected string Folder { get; private set; } = "";

    [SetUp]
    public void MakeFolder() => Folder = Directory.CreateTempSubdirectory("nexus-backup-").FullName;

    [TearDown]
    public async Task RemoveFolder()
    {
        Directory.Delete(Folder, recursive: true);
        foreach (var database in _databases)
        {
            await Server.DropAsync(database);
        }

        _databases.Clear();
    }

    private protected string File(string name) => Path.Combine(Folder, name);

    private protected async Task<ToolRun> RunAsync(params string[] arguments)
        => await ToolRun.RunAsync([.. arguments, "--connection", await AdministratorAsync()]);

    private protected async Task<string> EmptyAsync()
    {
        var database = await Server.CreateEmptyAsync();
        _databases.Add(database);
        return await Server.AsAdministratorAsync(database);
    }

    private protected async Task FillAsync()
    {
        await ToolRun.RunAsync("import", GoldenLog.PathOf("request-log.jsonl"), "--connection", ConnectionString);
        var contexts = new Contexts(ConnectionString);
        var chat = (await new RepositoryChats(contexts).CreateAsync("nexus", "octo/nexus")).Id;
        for (var n = 0; n < 20; n++)
        {
            await new Messages(contexts).PostAsync(new() { ChatId = chat, Content = $"Grüße {n}", Metadata = """{"a": [1]}""" });
        }
    }

    private protected static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    // Of each table how many rows it has, and a sum over all of them.
    private protected static async Task<SortedDictionary<string, string>> SumsAsync(string connectionString)
    {
        var sums = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var table in await TablesAsync(connectionString))
        {
            sums[table] = (await TextsAsync(
                connectionString,
                $"SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '|' ORDER BY md5(t::text))), '') FROM \"{table}\" t"))[0];
        }

        return sums;
    }

    private protected static Task<List<string>> TablesAsync(string connectionString)
        => TextsAsync(
            connectionString,
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm') ORDER BY 1");

    private protected static async Task<List<string>> TextsAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var texts = new List<string>();
        while (await reader.ReadAsync())
        {
            texts.Add(reader.GetString(0));
        }

        return texts;
    }
}
