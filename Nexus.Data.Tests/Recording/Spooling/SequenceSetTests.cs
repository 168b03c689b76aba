using Nexus.Data.Recording.Spooling;

namespace Nexus.Data.Tests.Recording.Spooling;

public sealed class SequenceSetTests
{
    [Test]
    public void In_any_order_it_knows_what_a_plain_set_knows()
    {
        var random = new Random(3);
        for (var round = 0; round < 300; round++)
        {
            var set = new SequenceSet(5);
            var plain = Enumerable.Range(0, 5).Select(number => (long)number).ToHashSet();
            for (var step = 0; step < 30; step++)
            {
                var start = random.NextInt64(0, 40);
                var end = start + (random.Next(3) == 0 ? random.NextInt64(0, 10) : 1);
                var added = set.AddRange(start, end);
                var expected = 0;
                for (var sequence = start; sequence < end; sequence++)
                {
                    expected += plain.Add(sequence) ? 1 : 0;
                }

                Assert.That(added, Is.EqualTo(expected));
            }

            Assert.That(
                Enumerable.Range(0, 60).Where(sequence => set.Contains(sequence)), Is.EquivalentTo(plain));
            Assert.That(set.Before, Is.EqualTo(Enumerable.Range(0, 60).First(sequence => !plain.Contains(sequence))));
        }
    }

    [Test]
    public void The_checksum_is_the_one_of_Castagnoli()
        => Assert.That(Crc32C.Of("123456789"u8), Is.EqualTo(0xE3069283));
}
