using Cluster.Dataplane.Dns;

namespace Cluster.Dataplane.Tests.Dns;

public sealed class NameTableTests
{
    [Fact]
    public void Changes_AtRandom_LeaveWhatADictionaryHas()
    {
        var random = new Random(7);
        var table = new NameTable<DnsNode>();
        var expected = new Dictionary<string, DnsNode>();
        for (var i = 0; i < 20_000; i++)
        {
            var name = $"n{random.Next(3000)}.example";
            if (random.Next(3) > 0)
            {
                var node = DnsNode.Of(name, [])!;
                Assert.Equal(expected.GetValueOrDefault(name), table.Set(node));
                expected[name] = node;
            }
            else if (expected.Remove(name, out var node))
            {
                Assert.True(table.Remove(node));
                Assert.False(table.Remove(node));
            }
        }

        Assert.Equal(expected.Count, table.Count);
        foreach (var i in Enumerable.Range(0, 3000))
            Assert.Equal(expected.GetValueOrDefault($"n{i}.example"), table.Find(WireName.FromText($"n{i}.example")));
    }

    [Fact]
    public async Task Find_WhileOthersComeAndGo_NeverMissesWhatStays()
    {
        var table = new NameTable<DnsNode>();
        byte[][] stay = [.. Enumerable.Range(0, 200).Select(i => WireName.FromText($"stay{i}.example")!)];
        foreach (var name in stay) table.Set(new DnsNode(name, []));
        using var stop = new CancellationTokenSource();
        var reading = Task.Run(() =>
        {
            var missed = 0;
            while (!stop.IsCancellationRequested)
            {
                foreach (var name in stay)
                    if (table.Find(name) is null) missed++;
            }

            return missed;
        });
        for (var i = 0; i < 60_000; i++)
        {
            var name = $"go{i % 5000}.example";
            if (i % 2 == 0) table.Set(DnsNode.Of(name, [])!);
            else if (table.Find(WireName.FromText($"go{(i - 1) % 5000}.example")) is { } node) table.Remove(node);
            if (i % 3 == 0) table.Set(new DnsNode(stay[i % stay.Length], []));
            if (i % 5 == 0) table.Set(DnsNode.Of($"grow{i}.example", [])!);
        }

        await stop.CancelAsync();
        Assert.Equal(0, await reading);
    }
}
