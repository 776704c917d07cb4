using System.Globalization;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Client;
using Cluster.Storage;

namespace Cluster.ApiServer.Tests.Histories;

/// <summary>Creates, changes and deletes config maps of its own, at random, and notes what it did.</summary>
/// <param name="name">What its objects' names begin with.</param>
/// <param name="servers">A write goes to any of them.</param>
/// <param name="audit">The store itself: it alone tells which revision deleted an object.</param>
/// <param name="history">Where it notes.</param>
/// <param name="seed">Of its choices.</param>
internal sealed class HistoryWriter(string name, IReadOnlyList<IApiClient> servers, IStore audit, History history, int seed)
{
    private const int Objects = 6;

    private readonly Random _random = new(seed);
    private readonly Dictionary<string, ConfigMap> _stored = [];
    private int _writes;

    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        var server = servers[_random.Next(servers.Count)];
        var ns = HistoryTests.Namespaces[_random.Next(HistoryTests.Namespaces.Length)];
        var key = $"{ns}/{name}-{_random.Next(Objects)}";
        if (!_stored.TryGetValue(key, out var map))
            await CreateAsync(server, ns, key[(ns.Length + 1)..], cancellationToken);
        else if (_random.Next(3) == 0)
            await DeleteAsync(server, key, map, cancellationToken);
        else
            await UpdateAsync(server, key, map, cancellationToken);
    }

    /// <summary>One more object in each namespace: who sees it has seen everything.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        foreach (var ns in HistoryTests.Namespaces)
            await CreateAsync(servers[0], ns, HistoryTests.Last, cancellationToken);
    }

    private async Task CreateAsync(IApiClient server, string ns, string name, CancellationToken cancellationToken)
    {
        var label = name == HistoryTests.Last ? HistoryTests.Labels[0] : Label();
        var map = new ConfigMap { Metadata = new ObjectMeta { Namespace = ns, Name = name, Labels = { ["app"] = label } }, Data = { ["write"] = Next() } };
        Note(await server.CreateAsync(map, cancellationToken), null);
    }

    private async Task UpdateAsync(IApiClient server, string key, ConfigMap map, CancellationToken cancellationToken)
    {
        var before = map.Metadata.Labels["app"];
        var changed = map.Clone();
        changed.Metadata.Labels["app"] = Label();
        changed.Data["write"] = Next();
        Note(await server.UpdateAsync(changed, cancellationToken), before);
    }

    private async Task DeleteAsync(IApiClient server, string key, ConfigMap map, CancellationToken cancellationToken)
    {
        await server.DeleteAsync<ConfigMap>(map.Metadata.Namespace, map.Metadata.Name, null, cancellationToken);
        _stored.Remove(key);
        var revision = await DeletionAsync($"/registry/configmaps/{key}", Revision(map), cancellationToken);
        history.Add(new Change(revision, map.Metadata.Namespace, map.Metadata.Name, map.Metadata.Labels["app"], null));
    }

    // Halves the time between the last write and now until one revision is left.
    private async Task<long> DeletionAsync(string key, long there, CancellationToken cancellationToken)
    {
        var gone = await audit.GetRevisionAsync(cancellationToken);
        while (gone - there > 1)
        {
            var middle = there + (gone - there) / 2;
            if (await IsThereAsync(key, middle, cancellationToken))
                there = middle;
            else
                gone = middle;
        }

        return gone;
    }

    private async Task<bool> IsThereAsync(string key, long revision, CancellationToken cancellationToken)
    {
        try
        {
            return (await audit.RangeAsync(key, null, 0, revision, cancellationToken)).Entries.Any(entry => entry.Key == key);
        }
        catch (CompactedException)
        {
            // Nothing is compacted while this write is under way, so the object was there then.
            return true;
        }
    }

    private void Note(ConfigMap written, string? before)
    {
        _stored[$"{written.Metadata.Namespace}/{written.Metadata.Name}"] = written;
        history.Add(new Change(Revision(written), written.Metadata.Namespace, written.Metadata.Name, before, written.Metadata.Labels["app"]));
    }

    private string Label() => HistoryTests.Labels[_random.Next(HistoryTests.Labels.Length)];

    private string Next() => $"{name}-{++_writes}";

    private static long Revision(ConfigMap map) => long.Parse(map.Metadata.ResourceVersion, CultureInfo.InvariantCulture);
}
