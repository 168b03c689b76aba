using Nexus.Data.Persistence;

namespace Nexus.Data.Tests.Persistence;

public sealed class ConnectionSettingsTests
{
    private readonly Dictionary<string, string> _variables = [];

    [Test]
    public void Nobody_has_named_a_database()
    {
        Assert.That(Find(null, ConnectionScope.Shared), Is.Null);
        Assert.That(ConnectionSettings.FindForTests(_variables.GetValueOrDefault), Is.Null);
    }

    [TestCase("postgresql://option/d", ConnectionScope.Explicit, "--connection: option:5432/d")]
    [TestCase("postgresql://option/d", ConnectionScope.Shared, "--connection: option:5432/d")]
    [TestCase(null, ConnectionScope.Explicit, null)]
    [TestCase(null, ConnectionScope.Own, "NEXUS_DATABASE_URL: own:5432/d")]
    [TestCase(null, ConnectionScope.Shared, "NEXUS_DATABASE_URL: own:5432/d")]
    public void The_command_line_comes_first_and_our_variable_second(
        string? option, ConnectionScope scope, string? expected)
    {
        _variables["NEXUS_DATABASE_URL"] = "postgresql://own/d";
        _variables["DATABASE_URL"] = "postgresql://shared/d";

        Assert.That(Find(option, scope)?.ToString(), Is.EqualTo(expected));
    }

    [TestCase("postgresql://option/d", "postgresql://admin/d", "--connection: option:5432/d", false)]
    [TestCase(null, "postgresql://admin/d", "ADMIN_DATABASE_URL: admin:5432/d", true)]
    [TestCase(null, null, "NEXUS_DATABASE_URL: own:5432/d", false)]
    public void An_administrators_variable_comes_before_ours_where_it_is_asked_for(
        string? option, string? administrator, string expected, bool isShared)
    {
        _variables["NEXUS_DATABASE_URL"] = "postgresql://own/d";
        if (administrator is not null)
        {
            _variables["ADMIN_DATABASE_URL"] = administrator;
        }

        var found = Find(option, ConnectionScope.Administrator);

        Assert.That(found?.ToString(), Is.EqualTo(expected));
        Assert.That(found?.IsShared, Is.EqualTo(isShared));
        Assert.That(Find(null, ConnectionScope.Shared)?.ToString(), Is.EqualTo("NEXUS_DATABASE_URL: own:5432/d"));
    }

    [TestCase(ConnectionScope.Explicit, null)]
    [TestCase(ConnectionScope.Own, null)]
    [TestCase(ConnectionScope.Administrator, "DATABASE_URL: shared:5432/d")]
    [TestCase(ConnectionScope.Shared, "DATABASE_URL: shared:5432/d")]
    public void The_variable_of_other_programs_counts_only_where_it_is_allowed(ConnectionScope scope, string? expected)
    {
        _variables["NEXUS_DATABASE_URL"] = " ";
        _variables["DATABASE_URL"] = "postgresql://shared/d";

        var found = Find(null, scope);

        Assert.That(found?.ToString(), Is.EqualTo(expected));
        Assert.That(found?.IsShared, Is.EqualTo(expected is null ? null : true));
    }

    [Test]
    public void An_empty_option_is_an_error_and_no_leave_to_take_another_database()
    {
        _variables["NEXUS_DATABASE_URL"] = "postgresql://own/d";

        Assert.That(
            () => Find("", ConnectionScope.Own),
            Throws.TypeOf<NexusDataException>().With.Message.StartsWith("--connection: "));
    }

    [Test]
    public void A_variable_that_cannot_be_read_is_named_and_not_passed_over()
    {
        _variables["NEXUS_DATABASE_URL"] = "postgresql://u:pw@h:x/d";
        _variables["DATABASE_URL"] = "postgresql://shared/d";

        Assert.That(
            () => Find(null, ConnectionScope.Shared),
            Throws.TypeOf<NexusDataException>().With.Message.StartsWith("NEXUS_DATABASE_URL: "));
    }

    [Test]
    public void Tests_have_a_variable_of_their_own()
    {
        _variables["NEXUS_DATABASE_URL"] = "postgresql://own/d";
        _variables["NEXUS_TEST_DATABASE_URL"] = "Host=tests;Database=d";

        var found = ConnectionSettings.FindForTests(_variables.GetValueOrDefault);

        Assert.That(found?.ToString(), Is.EqualTo("NEXUS_TEST_DATABASE_URL: tests:5432/d"));
    }

    private ConfiguredConnection? Find(string? option, ConnectionScope scope)
        => ConnectionSettings.Find(option, scope, _variables.GetValueOrDefault);
}
