using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Nexus.Data.Chats;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Chats;

public sealed class UsersTests : ServiceTest
{
    private static readonly string _reader = $"nexus_reader_{Guid.NewGuid():N}";

    private Users Users => Service<Users>(Cheap);

    [Test]
    public async Task A_name_is_one_person_in_any_letters_and_without_the_spaces_around_it()
    {
        var ada = await Users.CreateAsync("  Ada  ", "secret");

        Assert.That((ada.Username, ada.Status, ada.LastLoginAt), Is.EqualTo(("Ada", UserStatus.Active, (DateTimeOffset?)null)));
        Assert.That(await Users.FindByNameAsync("aDA "), Is.EqualTo(ada));
        Assert.That(await Users.FindAsync(ada.Id), Is.EqualTo(ada));
        Assert.That(await Users.FindByNameAsync("Bob"), Is.Null);
        Assert.That(await Users.FindAsync(Guid.NewGuid()), Is.Null);
        Assert.That(
            () => Users.CreateAsync("ADA", null),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Conflict)
                .And.Message.Contains("'ADA'"));
    }

    [Test]
    public async Task Of_many_who_take_a_name_at_once_one_gets_it()
    {
        var users = Users;

        var taken = await Task.WhenAll(Enumerable.Range(0, 16).Select(async place =>
        {
            try
            {
                await users.CreateAsync(place % 2 == 0 ? "ada" : "ADA", null);
                return true;
            }
            catch (NexusDataException exception) when (exception.Kind == NexusDataErrorKind.Conflict)
            {
                return false;
            }
        }));

        Assert.That(taken.Count(got => got), Is.EqualTo(1));
    }

    [TestCase("")]
    [TestCase("   ")]
    [TestCase("a\0b")]
    public void What_is_no_name_is_refused(string name)
        => Assert.That(
            () => Users.CreateAsync(name, null),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Validation));

    [Test]
    public async Task A_name_has_at_most_255_characters_besides_the_spaces_around_it()
    {
        await Users.CreateAsync(new string('x', 255) + " ", null);

        Assert.That(() => Users.CreateAsync(new string('y', 256), null), Throws.InstanceOf<NexusDataException>());
    }

    [TestCase("INSERT INTO users (username) VALUES ('ada'), ('ADA')", "users_username_key")]
    [TestCase("INSERT INTO users (username) VALUES ('')", "users_username_check")]
    [TestCase("INSERT INTO users (username) VALUES (' ada')", "users_username_check")]
    [TestCase("INSERT INTO users (username, status) VALUES ('ada', 'away')", "users_status_check")]
    [TestCase("INSERT INTO users (username, anonymized_at) VALUES ('ada', now())", "users_anonymized_check")]
    public void The_database_itself_refuses(string sql, string constraint)
        => Assert.That(
            () => AdministerAsync(sql),
            Throws.InstanceOf<PostgresException>().With.Property("ConstraintName").EqualTo(constraint));

    [Test]
    public async Task A_log_in_is_noted_and_a_wrong_one_says_nothing_of_whether_there_is_the_name()
    {
        var ada = await Users.CreateAsync("Ada", "secret");

        var done = await Users.LogInAsync("ada", "secret");

        Assert.That((done.Outcome, done.User!.Id), Is.EqualTo((LogInOutcome.Done, ada.Id)));
        Assert.That((await Users.FindAsync(ada.Id))!.LastLoginAt, Is.EqualTo(done.User.LastLoginAt).And.Not.Null);
        Assert.That(await Users.LogInAsync("ada", "Secret"), Is.EqualTo(new LogIn(LogInOutcome.Refused, null)));
        Assert.That(await Users.LogInAsync("nobody", "secret"), Is.EqualTo(new LogIn(LogInOutcome.Refused, null)));

        await Users.SetPasswordAsync(ada.Id, null);
        Assert.That(await Users.LogInAsync("ada", "secret"), Is.EqualTo(new LogIn(LogInOutcome.Refused, null)));
    }

    [Test]
    public async Task Whoever_is_disabled_is_not_let_in_until_enabled_again()
    {
        var ada = await Users.CreateAsync("Ada", "secret");

        await Users.SetStatusAsync(ada.Id, UserStatus.Disabled);
        var disabled = (await Users.LogInAsync("ada", "secret"), await Users.LogInAsync("ada", "wrong"));
        await Users.SetStatusAsync(ada.Id, UserStatus.Active);

        Assert.That(disabled, Is.EqualTo((new LogIn(LogInOutcome.Disabled, null), new LogIn(LogInOutcome.Refused, null))));
        Assert.That((await Users.LogInAsync("ada", "secret")).Outcome, Is.EqualTo(LogInOutcome.Done));
    }

    [Test]
    public async Task A_hash_of_another_maker_is_made_anew_at_the_next_log_in()
    {
        await AdministerAsync("INSERT INTO users (username, password_hash) VALUES ('ada', '$plain$secret')");
        var users = Service<Users>(services => Cheap(services.AddSingleton<IForeignPasswordHash>(new Plain())));

        Assert.That((await users.LogInAsync("ada", "secret")).Outcome, Is.EqualTo(LogInOutcome.Done));

        await using var db = OpenContext();
        Assert.That((await db.Users.SingleAsync()).PasswordHash, Does.StartWith("$pbkdf2-sha512$i=1000$"));
        Assert.That((await Users.LogInAsync("ada", "secret")).Outcome, Is.EqualTo(LogInOutcome.Done));
    }

    [Test]
    public async Task Those_who_log_in_at_once_with_an_outdated_hash_are_all_let_in()
    {
        await AdministerAsync("INSERT INTO users (username, password_hash) VALUES ('ada', '$plain$secret')");
        var users = Service<Users>(services => Cheap(services.AddSingleton<IForeignPasswordHash>(new Plain())));

        var logIns = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => users.LogInAsync("ada", "secret"))));

        Assert.That(logIns.Select(logIn => logIn.Outcome), Is.All.EqualTo(LogInOutcome.Done));
    }

    [Test]
    public async Task A_hash_that_nobody_verifies_lets_nobody_in_and_is_logged_without_being_shown()
    {
        await AdministerAsync("INSERT INTO users (username, password_hash) VALUES ('ada', '$2b$12$abcdefghijkl')");
        using var log = new LogRecorder();
        var users = Service<Users>(services => Cheap(services.AddLogging(builder => builder.AddProvider(log))));

        Assert.That(await users.LogInAsync("ada", "secret"), Is.EqualTo(new LogIn(LogInOutcome.Refused, null)));
        Assert.That(
            log.Lines, Has.Some.Contains("IForeignPasswordHash").And.None.Contains("abcdefghijkl").And.None.Contains("secret"));
    }

    [Test]
    public async Task Halves_of_characters_are_no_name_and_no_password_and_find_nobody()
    {
        const string half = "a\ud800b";
        await Users.CreateAsync("Ada", "secret");

        foreach (var create in (Func<Task>[])
            [() => Users.CreateAsync(half, null), () => Users.CreateAsync("Bob", half), () => Users.CreateAsync("a\ufffeb", null)])
        {
            Assert.That(
                () => create(),
                Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Validation));
        }

        Assert.That(await Users.FindByNameAsync(half), Is.Null);
        Assert.That((await Users.SearchUsersAsync(half)).Items, Is.Empty);
        Assert.That((await Users.LogInAsync("Ada", half)).Outcome, Is.EqualTo(LogInOutcome.Refused));
        Assert.That((await Users.LogInAsync(half, "secret")).Outcome, Is.EqualTo(LogInOutcome.Refused));
    }

    [Test]
    public async Task A_name_that_is_taken_leaves_a_callers_transaction_usable()
    {
        var ada = await Users.CreateAsync("Ada", null);
        await Users.CreateAsync("Bob", null);
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();

        Assert.That(() => Users.In(db).RenameAsync(ada.Id, "bob"), Throws.InstanceOf<NexusDataException>());
        Assert.That(() => Users.In(db).CreateAsync("BOB", null), Throws.InstanceOf<NexusDataException>());
        await Users.In(db).RenameAsync(ada.Id, "Adele");
        await transaction.CommitAsync();

        Assert.That((await Users.FindAsync(ada.Id))!.Username, Is.EqualTo("Adele"));
    }

    [Test]
    public async Task Who_may_not_see_hashes_finds_people_all_the_same()
    {
        var ada = await Users.CreateAsync("Ada", "secret");
        await AdministerAsync(
            $"CREATE ROLE {_reader} LOGIN; GRANT SELECT (id, username, status, last_login_at, created_at, anonymized_at) ON users TO {_reader}");
        var options = new NpgsqlConnectionStringBuilder(await AdministratorAsync()) { Options = $"-c role={_reader}" };
        await using var db = Server.Open(options.ConnectionString);

        Assert.That(
            (await Users.In(db).FindAsync(ada.Id), await Users.In(db).FindByNameAsync("ada"),
                (await Users.In(db).SearchUsersAsync("a")).Items.Single()),
            Is.EqualTo((ada, ada, ada)));

        await AdministerAsync($"DROP OWNED BY {_reader}; DROP ROLE {_reader}");
    }

    [Test]
    public async Task A_name_can_be_changed_in_its_letters_and_not_to_anothers()
    {
        var ada = await Users.CreateAsync("Ada", null);
        await Users.CreateAsync("Bob", null);

        await Users.RenameAsync(ada.Id, "ADA");

        Assert.That((await Users.FindAsync(ada.Id))!.Username, Is.EqualTo("ADA"));
        Assert.That(
            () => Users.RenameAsync(ada.Id, "bob"),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.Conflict));
        Assert.That(
            () => Users.RenameAsync(Guid.NewGuid(), "cy"),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.NotFound));
    }

    [Test]
    public async Task People_are_found_by_how_their_names_begin_page_by_page()
    {
        foreach (var name in new[] { "anna", "Anton", "ANDY", "a%b", "a_c", "bob", "Änne" })
        {
            await Users.CreateAsync(name, null);
        }

        var first = await Users.SearchUsersAsync("AN", limit: 2);
        var second = await Users.SearchUsersAsync("AN", first.Next, limit: 2);

        Assert.That(first.Items.Select(user => user.Username), Is.EqualTo((string[])["ANDY", "anna"]));
        Assert.That((second.Items.Single().Username, second.Next), Is.EqualTo(("Anton", (string?)null)));
        Assert.That((await Users.SearchUsersAsync("a%")).Items.Single().Username, Is.EqualTo("a%b"));
        Assert.That((await Users.SearchUsersAsync("a_")).Items.Single().Username, Is.EqualTo("a_c"));
        Assert.That((await Users.SearchUsersAsync("")).Items, Has.Count.EqualTo(7));
        Assert.That(
            () => Users.SearchUsersAsync("b", first.Next), Throws.InstanceOf<NexusDataException>(), "A cursor of another search.");
    }

    [Test]
    public async Task Names_are_looked_up_and_searched_by_their_index()
    {
        await AdministerAsync("INSERT INTO users (username) SELECT 'user' || n FROM generate_series(1, 20000) AS n; ANALYZE users");

        var plans = await QueryPlans.OfAsync(await AdministratorAsync(), async db =>
        {
            await Users.In(db).FindByNameAsync("User777");
            await Users.In(db).SearchUsersAsync("user77", limit: 20);
        });

        Assert.That(plans.Indexes, Is.EqualTo((string[])["users_username_key"]), plans.All);
        Assert.That((plans.Scanned, plans.Statements), Is.EqualTo((Array.Empty<string>(), 2)), plans.All);
        Assert.That(plans.Buffers, Is.LessThan(40), plans.All);
    }

    [Test]
    public async Task Whoever_goes_leaves_the_messages_and_nothing_to_be_known_by()
    {
        var (ada, bob) = (await Users.CreateAsync("Ada", "secret"), await Users.CreateAsync("Bob", "secret"));
        var chat = await GroupAsync((ada, ChatRole.Member), (bob, ChatRole.Admin));
        await AdministerAsync(
            $"INSERT INTO messages (chat_id, type, content, sender_id, sequence) VALUES ('{chat}', 'user', 'hello', '{ada.Id}', 1)");

        var (done, again) = (await Users.AnonymizeAsync(ada.Id), await Users.AnonymizeAsync(ada.Id));

        var gone = await Users.FindAsync(ada.Id);
        await using var db = OpenContext();
        Assert.That((done, again), Is.EqualTo((Anonymization.Done, Anonymization.Unchanged)));
        Assert.That((gone!.Username, gone.Status), Is.EqualTo((gone.Username, UserStatus.Disabled)));
        Assert.That(gone.Username, Does.StartWith("gone-").And.Not.Contain(ada.Id.ToString()), "Nobody can take it before.");
        Assert.That((await db.Users.SingleAsync(user => user.Id == ada.Id)).PasswordHash, Is.Null);
        Assert.That((await db.Messages.SingleAsync()).SenderId, Is.EqualTo(ada.Id));
        Assert.That((await db.ChatMembers.SingleAsync()).UserId, Is.EqualTo(bob.Id));
        Assert.That((await Users.SearchUsersAsync("")).Items.Single().Username, Is.EqualTo("Bob"));
        Assert.That((await Users.LogInAsync("Ada", "secret")).Outcome, Is.EqualTo(LogInOutcome.Refused));
        Assert.That(
            () => Users.SetStatusAsync(ada.Id, UserStatus.Active),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.NotFound));
        Assert.That((await Users.CreateAsync("Ada", null)).Id, Is.Not.EqualTo(ada.Id), "The name is free.");
    }

    [Test]
    public async Task The_only_admin_of_a_group_with_others_stays()
    {
        var (ada, bob) = (await Users.CreateAsync("Ada", null), await Users.CreateAsync("Bob", null));
        await GroupAsync((ada, ChatRole.Admin), (bob, ChatRole.Member));

        Assert.That(await Users.AnonymizeAsync(ada.Id), Is.EqualTo(Anonymization.LastAdmin));
        Assert.That((await Users.FindAsync(ada.Id))!.AnonymizedAt, Is.Null);

        await AdministerAsync("UPDATE chat_members SET role = 'admin'");
        Assert.That(await Users.AnonymizeAsync(ada.Id), Is.EqualTo(Anonymization.Done));
        Assert.That(await Users.AnonymizeAsync(bob.Id), Is.EqualTo(Anonymization.Done), "Nobody is left who would need an admin.");
    }

    [Test]
    public async Task Of_two_admins_who_go_at_once_one_stays_where_there_are_others()
    {
        for (var round = 0; round < 8; round++)
        {
            var people = new List<UserInfo>();
            foreach (var name in new[] { "ada", "bob", "cy" })
            {
                people.Add(await Users.CreateAsync($"{name}-{round}", null));
            }

            await GroupAsync((people[0], ChatRole.Admin), (people[1], ChatRole.Admin), (people[2], ChatRole.Member));
            var users = Users;

            var outcomes = await Task.WhenAll(people.Take(2).Select(user => Task.Run(() => users.AnonymizeAsync(user.Id))));

            Assert.That(outcomes, Is.EquivalentTo((Anonymization[])[Anonymization.Done, Anonymization.LastAdmin]));
        }
    }

    [Test]
    public async Task What_is_done_in_a_callers_transaction_comes_and_goes_with_it()
    {
        await using var db = OpenContext();
        await using (var transaction = await db.Database.BeginTransactionAsync())
        {
            var ada = await Users.In(db).CreateAsync("Ada", null);
            await Users.In(db).RenameAsync(ada.Id, "Adele");
            Assert.That(await Users.FindByNameAsync("Adele"), Is.Null);
            await transaction.RollbackAsync();
        }

        Assert.That((await Users.SearchUsersAsync("")).Items, Is.Empty);
    }

    private static void Cheap(IServiceCollection services)
        => services.AddSingleton(provider => new PasswordHasher(1_000, provider.GetServices<IForeignPasswordHash>()));

    private async Task<Guid> GroupAsync(params (UserInfo User, ChatRole Role)[] members)
    {
        await using var db = OpenContext();
        var chat = new GroupChat { Topic = "Trains" };
        db.Add(chat);
        foreach (var (user, role) in members)
        {
            db.Add(new ChatMember { ChatId = chat.Id, UserId = user.Id, Role = role });
        }

        await db.SaveChangesAsync();
        return chat.Id;
    }

    private sealed class Plain : IForeignPasswordHash
    {
        public bool Knows(string hash) => hash.StartsWith("$plain$", StringComparison.Ordinal);

        public bool Verify(string hash, string password) => hash == "$plain$" + password;
    }
}
