using Cluster.Api;
using Cluster.Api.MetaV1;
using Cluster.Api.Selectors;
using Cluster.ApiServer.Fairness;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;

namespace Cluster.ApiServer.Registry;

/// <summary>Lists: the newest state from the cache, an older one and the pages after the first from the store's history.</summary>
internal sealed class ListPath(RegistryContext context, ReadPath reads)
{
    private const string ExpiredText =
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
        + "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
        + "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
        + "deleted between the time the first chunk was returned and now may show up in the list.";

    // With a selector a page may need many keys to find few matches: read the store in steps of at least this.
    private const int MinStoreStep = 500;

    // To look at so many takes some milliseconds where they have to be decoded for it.
    private const int HeavyObjects = 512;

    public async ValueTask<ListResult> ListAsync(RequestScope scope, ListOptions options, CancellationToken cancellationToken)
    {
        ListRules.CheckList(options);
        // A call may name an object where a path cannot, and was then permitted for that one alone.
        var fields = FieldSelector.WithName(options.FieldSelector, scope.Name);
        var filter = ObjectFilter.Of(scope.Version ?? scope.Resource, scope.Namespace, options.LabelSelector, fields);
        if (options.Continue.Length > 0)
            return await ContinueAsync(scope.Resource, filter, options, cancellationToken);

        if (ListRules.IsExact(options))
            return await ExactAsync(scope.Resource, filter, options, cancellationToken);

        if (options.ResourceVersion.Length > 0)
            await reads.WaitForVersionAsync(options.ResourceVersion, cancellationToken);
        else if (!await context.Caches.WaitFreshAsync(cancellationToken))
            return await FromStoreAsync(scope.Resource, filter, null, options.Limit, 0, cancellationToken);

        // A list of any version is made for caches that want all of it.
        var limit = options.ResourceVersion == "0" ? 0 : options.Limit;
        return filter.IsSelective && filter.Name is null && context.Caches[scope.Resource].State.Objects.Count >= HeavyObjects
            ? await HeavyWork.Shared.RunAsync(scope.User, ended => FromCache(scope.Resource, filter, limit, ended), cancellationToken)
            : FromCache(scope.Resource, filter, limit, cancellationToken);
    }

    private ListResult FromCache(ResourceType type, ObjectFilter filter, long limit, CancellationToken cancellationToken)
    {
        // Before the state: the state then holds everything up to this revision, and nothing beyond its own.
        var revision = context.Caches.Feed.Revision;
        var state = context.Caches[type].State;
        revision = Math.Max(revision, state.Revision);

        List<ObjectVersion> items = [];
        long remaining = 0;
        foreach (var version in Candidates(type, filter, state.Objects))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (limit > 0 && items.Count == limit)
            {
                remaining++;
                // How many follow is told only where it needs no look at each of them.
                if (filter.IsSelective)
                    break;
            }
            else if (filter.MatchesSelectors(version))
            {
                items.Add(version);
            }
        }

        return Page(type, items, revision, remaining > 0, filter.IsSelective ? null : remaining);
    }

    private static IEnumerable<ObjectVersion> Candidates(ResourceType type, ObjectFilter filter, SortedSnapshot objects)
    {
        // The one object a kubectl wait or delete looks at, wherever the prefix leaves only one key for the name.
        if (filter.Name is { } name && (!type.Namespaced || filter.KeyPrefix != type.StoragePrefix))
            return objects.Find(filter.KeyPrefix + name) is { } one ? [one] : [];

        return objects.Range(filter.KeyPrefix);
    }

    private async ValueTask<ListResult> ExactAsync(
        ResourceType type, ObjectFilter filter, ListOptions options, CancellationToken cancellationToken)
    {
        await reads.WaitForVersionAsync(options.ResourceVersion, cancellationToken);
        var revision = ReadPath.Parse(options.ResourceVersion);
        try
        {
            return await FromStoreAsync(type, filter, null, options.Limit, revision, cancellationToken);
        }
        catch (CompactedException exception)
        {
            throw StatusErrors.TooOldResourceVersion(revision, exception.Oldest);
        }
    }

    private async ValueTask<ListResult> ContinueAsync(
        ResourceType type, ObjectFilter filter, ListOptions options, CancellationToken cancellationToken)
    {
        var token = ContinueToken.Decode(options.Continue);
        var afterKey = type.StoragePrefix + token.AfterKey;
        if (!afterKey.StartsWith(filter.KeyPrefix, StringComparison.Ordinal))
            throw StatusErrors.BadRequest("invalid continue token: continue key is not valid: it belongs to another list");

        var revision = token.Revision == ContinueToken.Inconsistent ? 0 : token.Revision;
        try
        {
            return await FromStoreAsync(type, filter, afterKey, options.Limit, revision, cancellationToken);
        }
        catch (CompactedException)
        {
            var expired = StatusErrors.Expired(ExpiredText);
            expired.Status.Metadata = new ListMeta { Continue = (token with { Revision = ContinueToken.Inconsistent }).Encode() };
            throw expired;
        }
    }

    private async ValueTask<ListResult> FromStoreAsync(
        ResourceType type, ObjectFilter filter, string? afterKey, long limit, long revision, CancellationToken cancellationToken)
    {
        List<ObjectVersion> items = [];
        while (true)
        {
            var wanted = filter.IsSelective ? Math.Max(limit, MinStoreStep) : limit - items.Count;
            var step = limit == 0 ? 0 : (int)Math.Min(int.MaxValue, wanted);
            var range = await context.Store.RangeAsync(filter.KeyPrefix, afterKey, step, revision, cancellationToken);
            revision = range.Revision;
            for (var i = 0; i < range.Entries.Count; i++)
            {
                var version = StoredForm.Decode(type, range.Entries[i]);
                if (!filter.MatchesSelectors(version))
                    continue;

                items.Add(version);
                var more = range.More || i + 1 < range.Entries.Count;
                if (items.Count == limit && more)
                    return Page(type, items, revision, true, filter.IsSelective ? null : range.RemainingCount);
            }

            if (!range.More)
                return Page(type, items, revision, false, null);

            afterKey = range.Entries[^1].Key;
        }
    }

    private static ListResult Page(
        ResourceType type, List<ObjectVersion> items, long revision, bool more, long? remaining) => more && items.Count > 0
        ? new ListResult(items, revision, new ContinueToken(revision, items[^1].Key[type.StoragePrefix!.Length..]).Encode(), remaining)
        : new ListResult(items, revision, "", null);
}
