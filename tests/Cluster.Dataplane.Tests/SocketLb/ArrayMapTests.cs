using Cluster.Dataplane.SocketLb;

namespace Cluster.Dataplane.Tests.SocketLb;

public sealed class ArrayMapTests
{
    [Theory]
    [InlineData(6)]
    [InlineData(60)]
    public void AtRandom_IsAsADictionary(int keys)
    {
        // Fixed, so that a failure comes again.
        var random = new Random(keys);
        var map = new ArrayMap<int, string>();
        var dictionary = new Dictionary<int, string>();
        for (var i = 0; i < 1000; i++)
        {
            var (key, value) = (random.Next(keys), $"{i}");
            switch (random.Next(5))
            {
                case 0:
                    Assert.Equal(dictionary.TryAdd(key, value), map.TryAdd(key, value));
                    break;
                case 1:
                    map[key] = value;
                    dictionary[key] = value;
                    break;
                case 2:
                    Assert.Equal((dictionary.Remove(key, out var was), was), (map.Remove(key, out var removed), removed));
                    break;
                case 3:
                    Assert.Equal((dictionary.TryGetValue(key, out var there), there), (map.TryGetValue(key, out var found), found));
                    Assert.Equal(dictionary.ContainsKey(key), map.ContainsKey(key));
                    break;
                default:
                    Assert.Equal(dictionary.OrderBy(pair => pair.Key), map.OrderBy(pair => pair.Key));
                    Assert.Equal(dictionary.Count, map.Count);
                    break;
            }
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(30)]
    public void Enumerate_WhatIsMetIsRemoved_MeetsEachOnce(int count)
    {
        var map = new ArrayMap<int, int>();
        for (var i = 0; i < count; i++) map.Add(i, -i);
        var met = new List<int>();
        foreach (var (key, value) in map)
        {
            Assert.Equal(-key, value);
            met.Add(key);
            if (key % 3 == 0) map.Remove(key);
        }

        Assert.Equal(Enumerable.Range(0, count), met.Order());
        Assert.Equal(Enumerable.Range(0, count).Where(key => key % 3 != 0), map.Keys.Order());
        Assert.Throws<ArgumentException>(() => map.Add(1, 1));
        Assert.Throws<KeyNotFoundException>(() => map[0]);
    }
}
