using System.Globalization;
using System.Text;
using Nexus.Data.Usage;

namespace Nexus.Data.Tests.Usage;

/// <summary>Prices come in all at once or not at all, and are found again by name and day.</summary>
public sealed class PriceTableTests : UsageTest
{
    private const string Header = "model,valid_from,input,output,cache_creation,cache_read\n";

    [Test]
    public async Task Prices_are_added_changed_and_left_alone()
    {
        var first = await ImportAsync(Header + "opus,2025-01-01,15,75,18.75,1.5\nopus,2025-06-01,10,50,12.5,1\n");
        var again = await ImportAsync(
            Header + "opus,2025-01-01,15.000,75,18.75,1.50\r\nopus,2025-06-01,11,50,12.5,1\r\n\"haiku*\",2025-01-01,0.25,1.25,0.3,0.03\r\n");

        Assert.That(first, Is.EqualTo(new PriceImportReport(2, 0, 0)));
        Assert.That(again, Is.EqualTo(new PriceImportReport(1, 1, 1)));
        Assert.That(
            (await Prices.ListAsync()).Select(price => (price.Model, price.ValidFrom, price.InputPrice, price.CacheReadPrice)),
            Is.EqualTo(new[]
            {
                ("haiku*", new DateOnly(2025, 1, 1), 0.25m, 0.03m), ("opus", new DateOnly(2025, 1, 1), 15m, 1.5m),
                ("opus", new DateOnly(2025, 6, 1), 11m, 1m),
            }));
    }

    [Test]
    public async Task JSON_and_columns_in_another_order_are_read_too()
    {
        await ImportAsync(
            """
            [{"model": "a,\"b\"", "valid_from": "2025-01-01", "input": 0.000001, "output": "2", "cache_creation": 3, "cache_read": 4}]
            """);
        await ImportAsync("\uFEFF# Prices in euros.\nvalid_from,model,output,input,cache_read,cache_creation\n2025-01-02,\"a,\"\"b\"\"\",2,1,4,3");

        var prices = await Prices.ListAsync();

        Assert.That(prices.Select(price => price.Model), Is.All.EqualTo("a,\"b\""));
        Assert.That(prices.Select(price => price.InputPrice), Is.EqualTo((decimal[])[0.000001m, 1]));
        Assert.That(prices.Select(price => price.CacheCreationPrice), Is.All.EqualTo(3));
    }

    [TestCase("opus,2025-01-01,1,1,1", "line 2: it has 5 values, not 6")]
    [TestCase("opus,01.01.2025,1,1,1,1", "line 2: '01.01.2025' is no day")]
    [TestCase("opus,2025-01-01,-1,1,1,1", "line 2: '-1' is no price (input)")]
    [TestCase("opus,2025-01-01,1,1e3,1,1", "'1e3' is no price (output)")]
    [TestCase("opus,2025-01-01,1,1,0.0000001,1", "'0.0000001' is no price (cache_creation)")]
    [TestCase("opus,2025-01-01,1,1,1,\"1,000\"", "'1,000' is no price (cache_read)")]
    [TestCase("op*us,2025-01-01,1,1,1,1", "asterisk before its end")]
    [TestCase(",2025-01-01,1,1,1,1", "model must not be empty")]
    [TestCase("a\0b,2025-01-01,1,1,1,1", "U+0000")]
    [TestCase("\"opus,2025-01-01,1,1,1,1", "line 2: a quotation mark does not end")]
    [TestCase("a,2025-01-01,1,1,1,1\na,2025-01-01,2,2,2,2", "line 3: it is of the same model and day as line 2")]
    [TestCase("a,2025-01-01,x,1,1,1\nb,2025-01-01,y,1,1,1", "'x' is no price (input): 0 to 999999999, with at most six decimals; line 3: 'y'")]
    public async Task A_wrong_line_is_named_and_nothing_is_taken(string line, string reason)
    {
        Assert.That(
            () => ImportAsync($"{Header}{line}\ngood,2025-01-01,1,1,1,1"),
            Throws.InstanceOf<NexusDataException>().With.Message.Contains(reason));
        Assert.That(await Prices.ListAsync(), Is.Empty);
    }

    [TestCase("", "there is none")]
    [TestCase("model,valid_from\n", "the columns must be")]
    [TestCase("{}", "no array")]
    [TestCase("[1]", "price 1: it is no object")]
    [TestCase("[{\"model\": \"a\"\n,}]", "line 2: it is no JSON")]
    [TestCase("[{\"model\": \"a\", \"price\": 1}]", "price 1: there is no column 'price'")]
    [TestCase("[{\"model\": \"a\"}]", "price 1: '' is no day")]
    public void A_file_without_prices_is_refused(string file, string reason)
        => Assert.That(
            () => ImportAsync(file),
            Throws.InstanceOf<NexusDataException>().With.Message.Contains(reason)
                .And.Property(nameof(NexusDataException.Kind)).EqualTo(NexusDataErrorKind.Validation));

    [Test]
    public async Task Prices_are_deleted_by_name_and_day()
    {
        await ImportAsync(Header + "a,2025-01-01,1,1,1,1\na,2025-02-01,1,1,1,1\na*,2025-01-01,1,1,1,1\nb,2025-01-01,1,1,1,1");

        Assert.That(await Prices.DeleteAsync("a", new(2025, 2, 1)), Is.EqualTo(1));
        Assert.That(await Prices.DeleteAsync("a"), Is.EqualTo(1));
        Assert.That(await Prices.DeleteAsync("a"), Is.Zero);
        Assert.That(await Prices.DeleteAsync("\0"), Is.Zero);
        Assert.That((await Prices.ListAsync()).Select(price => price.Model), Is.EqualTo((string[])["a*", "b"]));
    }

    [TestCase("claude-3-opus", "2025-02-01", 3)]
    [TestCase("claude-3-opus", "2025-01-31", 2, Description = "Its own name has no price yet.")]
    [TestCase("claude-3-haiku", "2025-02-01", 2)]
    [TestCase("claude-2", "2025-02-01", 1)]
    [TestCase("gpt", "2025-02-01", null)]
    [TestCase("claude-2", "2024-12-31", null)]
    public void The_longest_name_counts_and_of_it_the_newest_price(string model, string day, int? input)
    {
        var prices = new PriceList(
        [
            Price("claude-*", "2025-01-01", 1), Price("claude-3-*", "2025-01-01", 2), Price("claude-3-opus", "2025-02-01", 3),
            Price("claude-3-opus*", "2025-02-01", 4), Price("claude-3-*", "2025-02-02", 5),
        ]);

        Assert.That(prices.Find(model, DateOnly.Parse(day, CultureInfo.InvariantCulture))?.InputPrice, Is.EqualTo((decimal?)input));
    }

    [Test]
    public void A_cost_is_exact_where_a_double_is_not()
    {
        var cost = PriceList.Cost(
            Price("a", "2025-01-01", 0.000001m), new(9_007_199_254_740_993, 0, 0, 1_000_000_000_000_000));

        Assert.That(cost, Is.EqualTo(9_007.199254740993m + 1_000.000000000000m));
    }

    private static ModelPrice Price(string model, string day, decimal price) => new()
    {
        Model = model,
        ValidFrom = DateOnly.Parse(day, CultureInfo.InvariantCulture),
        InputPrice = price,
        OutputPrice = price,
        CacheCreationPrice = price,
        CacheReadPrice = price,
    };

    private Task<PriceImportReport> ImportAsync(string file)
        => Prices.ImportAsync(new MemoryStream(Encoding.UTF8.GetBytes(file)));
}
