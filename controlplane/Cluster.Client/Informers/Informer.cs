using System.Threading.Channels;
using Cluster.Api;
using Microsoft.Extensions.Logging;

namespace Cluster.Client;

/// <summary>A local copy of a kind's objects, kept up to date by list and watch, that tells handlers of every change.</summary>
/// <remarks>
/// Objects handed out are shared by everyone: read them, change a <c>Clone()</c>. One loop updates the cache and then calls the handlers in
/// the order they were added, so a handler may trust the cache to hold at least what it is told, and must not block: it queues a key.
/// Reading is safe from any thread. A handler added late is first told of every object already there.
/// </remarks>
public sealed class Informer<T> : IInformer
    where T : class, IApiObject, new()
{
    /// <summary>
    /// An informer that packs keeps fewer objects than this as they are: some MB. It is what one page of a list has.
    /// </summary>
    internal const int PackedFrom = Reflector<T>.PageSize;

    /// <summary>Packing holds up the changes that come meanwhile: so many objects take some milliseconds.</summary>
    private const int PackedAtOnce = 500;

    private static readonly TimeSpan PackInterval = TimeSpan.FromSeconds(30);

    // Unbounded because AddHandler, which must not wait, writes to it too; the handlers, which only queue keys, keep it short.
    private readonly Channel<Step> _steps = Channel.CreateUnbounded<Step>(new() { SingleReader = true });
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _filled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Action<T?, T?>> _handlers = [];
    private readonly ObjectCache<T> _cache = new();
    private readonly Reflector<T> _reflector;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;

    public Informer(IApiClient client, string? ns, ListQuery query, ILogger logger)
        : this(client, ns, query, logger, TimeProvider.System)
    {
    }

    public Informer(IApiClient client, string? ns, ListQuery query, ILogger logger, TimeProvider time)
    {
        _logger = logger;
        _time = time;
        _reflector = new(client, ns, query, logger, time);
    }

    /// <summary>
    /// Of many objects it keeps those that nobody reads as bytes: a tenth of the memory, and some microseconds when one is read. What is read
    /// twice within half a minute is kept as it is while that goes on. Objects then come without managedFields.
    /// </summary>
    public bool PacksUnread
    {
        get;
        init
        {
            field = value;
            _reflector.Packs = value;
        }
    }

    /// <summary>The first list has been applied and every handler added before told of it.</summary>
    public bool HasSynced => _synced.Task.IsCompletedSuccessfully;

    public Task WaitForSyncAsync(CancellationToken cancellationToken) => _synced.Task.WaitAsync(cancellationToken);

    /// <summary>Ends when there is something to read: the first list, or what was saved before it.</summary>
    public Task WaitForContentAsync(CancellationToken cancellationToken) => _filled.Task.WaitAsync(cancellationToken);

    public T? Get(string? ns, string name) => _cache.Get(ObjectKey.Of(ns, name));

    public T? Get(ObjectKey key) => _cache.Get(key);

    /// <summary>Every object, in no order: a snapshot.</summary>
    public IReadOnlyCollection<T> List() => _cache.List();

    /// <summary>The objects that an index maps to a key: a snapshot.</summary>
    /// <exception cref="KeyNotFoundException">There is no such index.</exception>
    public IReadOnlyCollection<T> ByIndex(string index, string key) => _cache.ByIndex(index, key);

    /// <summary>The keys under which an index has objects: a snapshot, which looks at no object.</summary>
    /// <exception cref="KeyNotFoundException">There is no such index.</exception>
    public IReadOnlyCollection<string> IndexKeys(string index) => _cache.IndexKeys(index);

    /// <summary>Adds an index; one that is there already under the name stays (informers are shared).</summary>
    public void AddIndex(string name, Func<T, IEnumerable<string>> keys) => _cache.AddIndex(name, keys);

    /// <summary>Adds a handler: added: old is null; deleted: new is null.</summary>
    public void AddHandler(Action<T?, T?> handler) => _steps.Writer.TryWrite(new HandlerAdded(handler));

    /// <summary>
    /// Changes each object before anybody sees it: to take away what its readers never ask of it. Comes before <see cref="RunAsync"/>, and
    /// everybody who shares the informer must agree.
    /// </summary>
    public void SetTransform(Action<T> transform) => _reflector.Transform = transform;

    /// <summary>
    /// Gives objects that were saved earlier, until the first list is in: readers and handlers see them, and the list then tells what is
    /// different. Without effect where something is there already. Comes before <see cref="RunAsync"/> or any time while it runs.
    /// </summary>
    public void Prime(IReadOnlyList<T> items) => _steps.Writer.TryWrite(new Primed(items));

    /// <summary>Lists and watches until cancelled; call it once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = _reflector.RunAsync(
            items => _steps.Writer.TryWrite(new Replaced(items)),
            change => _steps.Writer.TryWrite(new Changed(change)),
            stop.Token);
        await using var packing = PacksUnread ? _time.CreateTimer(_ => _steps.Writer.TryWrite(new Pack(null, 0)), null, PackInterval, PackInterval) : null;
        try
        {
            await foreach (var step in _steps.Reader.ReadAllAsync(cancellationToken))
            {
                Apply(step);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The way to stop an informer.
        }
        finally
        {
            await stop.CancelAsync();
            await reading;
        }
    }

    private void Apply(Step step)
    {
        switch (step)
        {
            case HandlerAdded added:
                Replay(added.Handler);
                _handlers.Add(added.Handler);
                break;
            case Replaced replaced:
                Replace(replaced.Items);
                _synced.TrySetResult();
                break;
            case Primed primed when !_filled.Task.IsCompleted:
                Replace([.. primed.Items.Select(item => new CachedObject<T>(item))]);
                break;
            case Pack pack:
                Apply(pack);
                break;
            case Changed { Event: var change }:
                Apply(change);
                break;
        }
    }

    private void Replace(IReadOnlyList<CachedObject<T>> items)
    {
        var changes = _cache.Replace(items);
        if (_handlers.Count > 0)
        {
            foreach (var (old, current) in changes)
            {
                Notify(old?.Peek(), current?.Peek());
            }
        }

        _filled.TrySetResult();
    }

    // In parts, with what has come meanwhile in between.
    private void Apply(Pack pack)
    {
        if (pack.Entries is null && _cache.Count <= PackedFrom)
        {
            return;
        }

        var entries = pack.Entries ?? _cache.Entries();
        var end = Math.Min(pack.From + PackedAtOnce, entries.Length);
        for (var i = pack.From; i < end; i++)
        {
            entries[i].PackUnread();
        }

        if (end < entries.Length)
        {
            _steps.Writer.TryWrite(new Pack(entries, end));
        }
    }

    private void Apply(ResourceEvent<T> change)
    {
        if (change.Type == ResourceEventType.Deleted)
        {
            // The handler is given the object's last state, as the delete carries it.
            if (_cache.Remove(change.Object))
            {
                Notify(change.Object, null);
            }

            return;
        }

        Notify(_cache.Set(change.Object), change.Object);
    }

    private void Replay(Action<T?, T?> handler)
    {
        foreach (var entry in _cache.Entries())
        {
            Call(handler, null, entry.Peek());
        }
    }

    private void Notify(T? old, T? current)
    {
        foreach (var handler in _handlers)
        {
            Call(handler, old, current);
        }
    }

    private void Call(Action<T?, T?> handler, T? old, T? current)
    {
        try
        {
            handler(old, current);
        }
        catch (Exception e)
        {
            // A handler's bug is its own: the cache goes on for everyone else.
            _logger.LogError(e, "A handler of {Kind} {Key} failed", (current ?? old!).Descriptor.Name, ObjectKey.Of(current ?? old!));
        }
    }

    private abstract record Step;

    private sealed record HandlerAdded(Action<T?, T?> Handler) : Step;

    private sealed record Primed(IReadOnlyList<T> Items) : Step;

    private sealed record Replaced(IReadOnlyList<CachedObject<T>> Items) : Step;

    private sealed record Pack(CachedObject<T>[]? Entries, int From) : Step;

    private sealed record Changed(ResourceEvent<T> Event) : Step;
}
