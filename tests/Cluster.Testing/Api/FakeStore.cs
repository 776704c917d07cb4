using System.Globalization;
using System.Runtime.CompilerServices;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Client;

namespace Cluster.Testing;

/// <summary>The objects of the fake API server and the rules of writing them. Safe for concurrent use.</summary>
internal sealed class FakeStore(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ResourceType, SortedDictionary<string, IApiObject>> _kinds = [];
    private readonly Dictionary<ResourceType, int> _watches = [];
    private long _revision = 1;

    public FakeHistory History { get; } = new();

    public int OpenWatches(ResourceType type)
    {
        lock (_lock)
        {
            return _watches.GetValueOrDefault(type);
        }
    }

    public IApiObject? Find(ResourceType type, ObjectKey key)
    {
        lock (_lock)
        {
            return Kind(type).TryGetValue(key.ToString(), out var obj) ? FakeObjects.Copy(obj) : null;
        }
    }

    public IApiObject Get(ResourceType type, ObjectKey key) => Find(type, key) ?? throw StatusErrors.NotFound(type, key.Name);

    public (List<IApiObject> Items, long Revision) List(ResourceType type, FakeSelector selector)
    {
        lock (_lock)
        {
            return ([.. Kind(type).Values.Where(selector.Matches).Select(FakeObjects.Copy)], _revision);
        }
    }

    public IApiObject Seed(ResourceType type, IApiObject given)
    {
        lock (_lock)
        {
            var obj = FakeObjects.Copy(given);
            FakeRules.Fill(obj, time.GetUtcNow());
            return Write(type, Kind(type).GetValueOrDefault(ObjectKey.Of(obj).ToString()), obj);
        }
    }

    public IApiObject Change(ResourceType type, ObjectKey key, Action<IApiObject> change)
    {
        lock (_lock)
        {
            var old = Stored(type, key);
            var obj = FakeObjects.Copy(old);
            change(obj);
            return WriteOrRemove(type, old, obj);
        }
    }

    public void Remove(ResourceType type, ObjectKey key)
    {
        lock (_lock)
        {
            Write(type, Stored(type, key), null);
        }
    }

    public IApiObject Create(ResourceType type, IApiObject given)
    {
        lock (_lock)
        {
            var obj = FakeObjects.Copy(given);
            FakeRules.PrepareCreate(type, obj, time.GetUtcNow());
            return Kind(type).ContainsKey(ObjectKey.Of(obj).ToString())
                ? throw StatusErrors.AlreadyExists(type, obj.Metadata.Name)
                : Write(type, null, obj);
        }
    }

    public IApiObject Update(ResourceType type, IApiObject given, string? subresource)
    {
        lock (_lock)
        {
            var old = Stored(type, ObjectKey.Of(given));
            var obj = FakeObjects.Copy(given);
            FakeRules.PrepareUpdate(type, old, obj, subresource);
            return WriteOrRemove(type, old, obj);
        }
    }

    public IApiObject Patch(ResourceType type, ObjectKey key, PatchBody patch, string? subresource)
    {
        lock (_lock)
        {
            var old = Stored(type, key);
            var obj = FakePatch.Apply(type, old, patch);
            FakeRules.PrepareUpdate(type, old, obj, subresource);
            return WriteOrRemove(type, old, obj);
        }
    }

    public bool Delete(ResourceType type, ObjectKey key, DeleteOptions options)
    {
        lock (_lock)
        {
            var old = Stored(type, key);
            FakeRules.CheckPreconditions(type, old, options.Preconditions);
            var obj = FakeObjects.Copy(old);
            if (FakeRules.MarkDeleted(type, obj, options, time.GetUtcNow()))
            {
                WriteOrRemove(type, old, obj);
            }
            else
            {
                Write(type, old, null);
            }

            return true;
        }
    }

    public bool Bind(ResourceType type, ObjectKey key, string node, string? uid)
    {
        lock (_lock)
        {
            var old = (Pod)Stored(type, key);
            var pod = old.Clone();
            FakeRules.Bind(type, pod, node, uid, time.GetUtcNow());
            Write(type, old, pod);
            return true;
        }
    }

    public void Compact()
    {
        lock (_lock)
        {
            History.Compact(_revision);
        }
    }

    public async IAsyncEnumerable<(ResourceEventType Kind, IApiObject Object)> WatchAsync(
        ResourceType type, FakeSelector selector, ListQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Count(type, 1);
        try
        {
            var generation = History.Generation;
            var bookmarks = History.Bookmarks;
            var position = query.ResourceVersion is { Length: > 0 } version && version != "0" ? long.Parse(version, CultureInfo.InvariantCulture) : -1;
            if (position < 0)
            {
                (var items, position) = List(type, selector);
                foreach (var item in items)
                {
                    yield return (ResourceEventType.Added, item);
                }
            }

            while (true)
            {
                var (changes, moved) = History.After(position);
                foreach (var change in changes)
                {
                    position = change.Revision;
                    if (change.Type == type && FakeRules.Event(change, selector) is { } found)
                    {
                        yield return found;
                    }
                }

                if (query.AllowBookmarks && History.Bookmarks != bookmarks)
                {
                    bookmarks = History.Bookmarks;
                    var mark = type.NewObject();
                    mark.Metadata = new() { ResourceVersion = $"{position}" };
                    yield return (ResourceEventType.Bookmark, mark);
                }

                if (History.Generation != generation)
                {
                    yield break;
                }

                await moved.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            Count(type, -1);
        }
    }

    private void Count(ResourceType type, int by)
    {
        lock (_lock)
        {
            _watches[type] = _watches.GetValueOrDefault(type) + by;
        }
    }

    private SortedDictionary<string, IApiObject> Kind(ResourceType type)
    {
        if (!_kinds.TryGetValue(type, out var objects))
        {
            _kinds[type] = objects = new(StringComparer.Ordinal);
        }

        return objects;
    }

    private IApiObject Stored(ResourceType type, ObjectKey key) =>
        Kind(type).GetValueOrDefault(key.ToString()) ?? throw StatusErrors.NotFound(type, key.Name);

    private IApiObject WriteOrRemove(ResourceType type, IApiObject old, IApiObject obj)
    {
        if (FakeRules.IsFinished(obj))
        {
            Write(type, old, null);
            return obj;
        }

        // A write that changes nothing is none: no version, no event.
        return obj.Equals(old) ? FakeObjects.Copy(old) : Write(type, old, obj);
    }

    private IApiObject Write(ResourceType type, IApiObject? old, IApiObject? obj)
    {
        _revision++;
        var key = ObjectKey.Of((obj ?? old)!).ToString();
        if (obj is null)
        {
            Kind(type).Remove(key);
        }
        else
        {
            obj.Metadata.ResourceVersion = $"{_revision}";
            Kind(type)[key] = obj;
        }

        History.Add(new(_revision, type, old, obj));
        return FakeObjects.Copy((obj ?? old)!);
    }
}
