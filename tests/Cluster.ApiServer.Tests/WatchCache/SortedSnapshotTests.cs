using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Tests.WatchCache;

public sealed class SortedSnapshotTests
{
    [Fact]
    public void With_ManyRandomKeys_StaysSortedAndFindsEach()
    {
        var random = new Random(1);
        var expected = new SortedDictionary<string, ObjectVersion>(StringComparer.Ordinal);
        var snapshot = SortedSnapshot.Empty;
        for (var i = 0; i < 5000; i++)
        {
            var key = $"/registry/configmaps/ns{random.Next(5)}/{random.Next(2000)}";
            if (random.Next(4) == 0)
            {
                expected.Remove(key);
                snapshot = snapshot.Without(key);
            }
            else
            {
                expected[key] = Versions.Of(key, i);
                snapshot = snapshot.With(expected[key]);
            }
        }

        Assert.Equal(expected.Count, snapshot.Count);
        Assert.Equal(expected.Values, snapshot.Range(""));
        Assert.All(expected, pair => Assert.Same(pair.Value, snapshot.Find(pair.Key)));
        Assert.Equal(
            expected.Where(pair => pair.Key.StartsWith("/registry/configmaps/ns3/", StringComparison.Ordinal)).Select(pair => pair.Value),
            snapshot.Range("/registry/configmaps/ns3/"));
    }

    [Theory]
    [InlineData(null, "a/1,a/2")]
    [InlineData("a/1", "a/2")]
    [InlineData("a/10", "a/2")]
    [InlineData("a/2", "")]
    public void Range_AfterKey_BeginsBehindIt(string? afterKey, string expected)
    {
        var snapshot = SortedSnapshot.FromSorted([Versions.Of("a/1"), Versions.Of("a/2"), Versions.Of("b/1")]);

        Assert.Equal(expected, string.Join(',', snapshot.Range("a/", afterKey).Select(version => version.Key)));
    }

    [Fact]
    public void With_OnASharedSnapshot_LeavesItAsItWas()
    {
        var before = SortedSnapshot.FromSorted([Versions.Of("a"), Versions.Of("c")]);
        var after = before.With(Versions.Of("b")).Without("a");

        Assert.Equal(["a", "c"], before.Range("").Select(version => version.Key));
        Assert.Equal(["b", "c"], after.Range("").Select(version => version.Key));
    }

    [Fact]
    public void Without_AbsentKey_IsTheSameSnapshot()
    {
        var snapshot = SortedSnapshot.FromSorted([Versions.Of("b")]);

        Assert.Same(snapshot, snapshot.Without("a"));
        Assert.Same(snapshot, snapshot.Without("c"));
        Assert.Same(SortedSnapshot.Empty, SortedSnapshot.Empty.Without("a"));
    }
}
