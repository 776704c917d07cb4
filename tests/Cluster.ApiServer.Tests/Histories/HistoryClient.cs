using System.Globalization;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;

namespace Cluster.ApiServer.Tests.Histories;

/// <summary>
/// A client on a bad day: it lists whole or in pages, watches, hangs up after some events, goes on at another server or over another
/// transport where it was, and begins anew when it is told that it is too old.
/// </summary>
/// <param name="servers">Clients of every server over every transport; a server may be away.</param>
/// <param name="scope">What it looks at.</param>
/// <param name="last">The keys whose appearance ends it.</param>
/// <param name="seed">Of its choices.</param>
internal sealed class HistoryClient(IReadOnlyList<IApiClient> servers, Scope scope, IReadOnlyCollection<string> last, int seed)
{
    private readonly Random _random = new(seed);
    private readonly HashSet<string> _awaited = [.. last];
    private string? _version;

    public Scope Scope { get; } = scope;

    public List<Observation> Told { get; } = [];

    public int Reconnects { get; private set; }

    public int TooOld { get; private set; }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (_awaited.Count > 0)
        {
            var server = servers[_random.Next(servers.Count)];
            try
            {
                if (_version is null)
                    await ListAsync(server, cancellationToken);
                else
                    await WatchAsync(server, cancellationToken);
            }
            catch (StatusException gone) when (gone.IsGone)
            {
                TooOld++;
                _version = null;
            }
            catch (Exception away) when (away is HttpRequestException or IOException or StatusException { Code: 429 or >= 500 })
            {
                // The server is away, or has not got there yet: another time, another server.
                await Task.Delay(_random.Next(20), cancellationToken);
            }
        }
    }

    private async Task ListAsync(IApiClient server, CancellationToken cancellationToken)
    {
        Dictionary<string, long> objects = [];
        var query = new ListQuery { LabelSelector = Scope.Selector };
        query = _random.Next(3) switch
        {
            0 => query with { Limit = 3 },
            1 => query with { ResourceVersion = "0" },
            _ => query,
        };
        ResourceList<ConfigMap> page;
        do
        {
            page = await server.ListAsync<ConfigMap>(Scope.Namespace, query, cancellationToken);
            foreach (var map in page.Items.Where(IsOurs))
                Assert.True(objects.TryAdd(Key(map), Revision(map)), $"{Key(map)} is twice in a list");
            Assert.True(_version is null || _version == page.ResourceVersion, "the pages of a list are of one version");
            _version = page.ResourceVersion;
            query = query with { Continue = page.Continue };
        }
        while (page.Continue is not null);

        Told.Add(new Observation.Listed(long.Parse(_version, CultureInfo.InvariantCulture), objects));
        _awaited.ExceptWith(objects.Keys);
    }

    private async Task WatchAsync(IApiClient server, CancellationToken cancellationToken)
    {
        Reconnects++;
        var left = _random.Next(1, 15);
        var query = new ListQuery { LabelSelector = Scope.Selector, ResourceVersion = _version, AllowBookmarks = true };
        await foreach (var change in server.WatchAsync<ConfigMap>(Scope.Namespace, query, cancellationToken))
        {
            _version = change.Object.Metadata.ResourceVersion;
            if (change.Type != ResourceEventType.Bookmark && !IsOurs(change.Object))
                continue;

            Told.Add(new Observation.Seen(Revision(change.Object), change.Type, change.Type == ResourceEventType.Bookmark ? "" : Key(change.Object)));
            _awaited.Remove(Key(change.Object));
            if (_awaited.Count == 0 || --left == 0)
                break;
        }

        // Now and then it is away for long enough to be forgotten.
        if (_awaited.Count > 0 && _random.Next(8) == 0)
            await Task.Delay(_random.Next(1500), cancellationToken);
    }

    // The cluster has config maps of its own.
    private static bool IsOurs(ConfigMap map) => map.Metadata.Labels.ContainsKey("app");

    private static string Key(ConfigMap map) => $"{map.Metadata.Namespace}/{map.Metadata.Name}";

    private static long Revision(ConfigMap map) => long.Parse(map.Metadata.ResourceVersion, CultureInfo.InvariantCulture);
}
