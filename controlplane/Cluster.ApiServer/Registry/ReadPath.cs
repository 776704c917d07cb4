using Cluster.Api;
using Cluster.Api.MetaV1;
using Cluster.Api.Selectors;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Registry;

/// <summary>Get and watch, and how fresh they are.</summary>
internal sealed class ReadPath(RegistryContext context)
{
    // A version the store has not reached after this time will not come: the client has it from another cluster.
    private static readonly TimeSpan VersionTimeout = TimeSpan.FromSeconds(3);

    private readonly ResourceCaches _caches = context.Caches;

    /// <summary>The object, not older than the version asked for.</summary>
    /// <exception cref="StatusException">404.</exception>
    public async ValueTask<ObjectVersion> GetAsync(RequestScope scope, string resourceVersion, CancellationToken cancellationToken)
    {
        var key = scope.Resource.Key(scope.Namespace, scope.Name!);
        ObjectVersion? version;
        if (resourceVersion.Length == 0)
        {
            version = await _caches.GetFreshAsync(scope.Resource, key, cancellationToken);
        }
        else
        {
            await WaitForVersionAsync(resourceVersion, cancellationToken);
            version = _caches[scope.Resource].State.Objects.Find(key);
        }

        return version ?? throw StatusErrors.NotFound(scope.Resource, scope.Name!);
    }

    /// <summary>Opens a watch at the version asked for.</summary>
    public async ValueTask<ResourceWatch> WatchAsync(RequestScope scope, ListOptions options, CancellationToken cancellationToken)
    {
        ListRules.CheckWatch(options);
        var fields = FieldSelector.WithName(options.FieldSelector, scope.Name);
        var filter = ObjectFilter.Of(scope.Version ?? scope.Resource, scope.Namespace, options.LabelSelector, fields);
        var start = await StartAsync(_caches[scope.Resource], options, cancellationToken) with { Bookmarks = options.AllowWatchBookmarks };
        var shown = scope.Version ?? scope.Resource;
        var converter = shown.Custom?.Webhook is null ? null : context.Conversions.Into(shown);
        return new CacheWatch(_caches[scope.Resource], _caches.Feed, filter, start, context.Time, converter);
    }

    /// <summary>Waits until the caches hold a version (any, for "0").</summary>
    /// <exception cref="StatusException">400: no version; 504: none the server will reach.</exception>
    public async ValueTask WaitForVersionAsync(string resourceVersion, CancellationToken cancellationToken)
    {
        var revision = Parse(resourceVersion);
        if (!await _caches.Feed.WaitAsync(revision, VersionTimeout, cancellationToken))
            throw StatusErrors.TooLargeResourceVersion(revision, _caches.Feed.Revision);
    }

    public static long Parse(string resourceVersion) =>
        ResourceVersions.TryParse(resourceVersion, out var revision) ? revision
        : throw StatusErrors.BadRequest($"invalid resource version {GoText.Quote(resourceVersion)}: it must be a number");

    private async ValueTask<WatchStart> StartAsync(ResourceCache cache, ListOptions options, CancellationToken cancellationToken)
    {
        var fromNow = options.ResourceVersion is "" or "0";
        if (options.ResourceVersion.Length == 0)
            await _caches.WaitFreshAsync(cancellationToken);
        else if (options.SendInitialEvents)
            await WaitForVersionAsync(options.ResourceVersion, cancellationToken);

        if (options.SendInitialEvents || (fromNow && !options.HasSendInitialEvents))
            return Initial(cache, options);

        if (fromNow)
            return new WatchStart(cache.Ring.Head, 0, null);

        var revision = Parse(options.ResourceVersion);
        return cache.Ring.TryFind(revision, out var sequence)
            ? new WatchStart(sequence, revision, null)
            : throw StatusErrors.TooOldResourceVersion(revision, cache.Ring.Floor);
    }

    private WatchStart Initial(ResourceCache cache, ListOptions options)
    {
        // Before the state: the state then holds everything up to this revision.
        var revision = _caches.Feed.Revision;
        var state = cache.State;
        return new WatchStart(state.Next, Math.Max(revision, state.Revision), state.Objects)
        {
            MarkInitialEnd = options.SendInitialEvents && options.AllowWatchBookmarks,
        };
    }
}
