using Cluster.Api;
using Cluster.Api.Custom;
using Microsoft.Extensions.Logging;

namespace Cluster.Client;

/// <summary>Informers shared by kind: however many controllers ask, the server sees one watch a kind.</summary>
/// <remarks>An informer asked for while the factory runs is started at once. Safe for concurrent use.</remarks>
public sealed class InformerFactory(IApiClient client, ILogger logger, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private readonly Dictionary<Type, IInformer> _informers = [];
    private readonly Dictionary<string, Added> _custom = new(StringComparer.Ordinal);
    private readonly List<Task> _running = [];
    private CancellationToken? _stop;

    /// <summary>What its informers of the catalog's kinds do with objects that nobody reads: see <see cref="Informer{T}.PacksUnread"/>.</summary>
    public bool PacksUnread { get; init; }

    /// <summary>The informer of a kind over all namespaces.</summary>
    public Informer<T> For<T>()
        where T : class, IApiObject, new()
    {
        lock (_lock)
        {
            if (_informers.TryGetValue(typeof(T), out var found))
            {
                return (Informer<T>)found;
            }

            var informer = new Informer<T>(client, null, ListQuery.All, logger, _time) { PacksUnread = PacksUnread };
            _informers[typeof(T)] = informer;
            if (_stop is { } stop)
            {
                _running.Add(Task.Run(() => informer.RunAsync(stop), CancellationToken.None));
            }

            return informer;
        }
    }

    /// <summary>The informer of an added kind over all namespaces; null: the client cannot speak of added kinds.</summary>
    /// <param name="type">In any version; of two that are asked for, the later one goes on.</param>
    public Informer<CustomObject>? For(ResourceType type)
    {
        if (client is not ICustomKinds kinds)
        {
            return null;
        }

        lock (_lock)
        {
            if (_custom.TryGetValue(type.GroupResource, out var found))
            {
                if (found.Version == type.Version)
                {
                    return found.Informer;
                }

                found.Stop.Cancel();
            }

            var added = new Added(type.Version, new Informer<CustomObject>(kinds.ForKind(type), null, ListQuery.All, logger, _time), new CancellationTokenSource());
            _custom[type.GroupResource] = added;
            if (_stop is { } stop)
            {
                _running.Add(Task.Run(() => RunAsync(added, stop), CancellationToken.None));
            }

            return added.Informer;
        }
    }

    /// <summary>The added kind, or this version of it, is gone: its informer stops.</summary>
    public void Forget(ResourceType type)
    {
        lock (_lock)
        {
            // Somebody else may have gone on to another version.
            if (_custom.TryGetValue(type.GroupResource, out var gone) && gone.Version == type.Version)
            {
                _custom.Remove(type.GroupResource);
                gone.Stop.Cancel();
            }
        }
    }

    /// <summary>Runs every informer until cancelled and returns when all have ended; call it once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _stop = cancellationToken;
            _running.AddRange(_informers.Values.Select(informer => Task.Run(() => informer.RunAsync(cancellationToken), CancellationToken.None)));
            _running.AddRange(_custom.Values.Select(added => Task.Run(() => RunAsync(added, cancellationToken), CancellationToken.None)));
        }

        await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task[] running;
        lock (_lock)
        {
            running = [.. _running];
        }

        await Task.WhenAll(running);
    }

    /// <summary>Every informer asked for so far has its first list.</summary>
    public async Task WaitForSyncAsync(CancellationToken cancellationToken)
    {
        IInformer[] informers;
        lock (_lock)
        {
            informers = [.. _informers.Values];
        }

        foreach (var informer in informers)
        {
            await informer.WaitForSyncAsync(cancellationToken);
        }
    }

    private static async Task RunAsync(Added added, CancellationToken cancellationToken)
    {
        using (added.Stop)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(added.Stop.Token, cancellationToken);
            await added.Informer.RunAsync(stop.Token);
        }
    }

    private sealed record Added(string Version, Informer<CustomObject> Informer, CancellationTokenSource Stop);
}
