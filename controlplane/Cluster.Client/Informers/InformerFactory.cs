using Cluster.Api;
using Microsoft.Extensions.Logging;

namespace Cluster.Client;

/// <summary>Informers shared by kind: however many controllers ask, the server sees one watch a kind.</summary>
/// <remarks>An informer asked for while the factory runs is started at once. Safe for concurrent use.</remarks>
public sealed class InformerFactory(IApiClient client, ILogger logger, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private readonly Dictionary<Type, IInformer> _informers = [];
    private readonly List<Task> _running = [];
    private CancellationToken? _stop;

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

            var informer = new Informer<T>(client, null, ListQuery.All, logger, _time);
            _informers[typeof(T)] = informer;
            if (_stop is { } stop)
            {
                _running.Add(Task.Run(() => informer.RunAsync(stop), CancellationToken.None));
            }

            return informer;
        }
    }

    /// <summary>Runs every informer until cancelled and returns when all have ended; call it once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _stop = cancellationToken;
            _running.AddRange(_informers.Values.Select(informer => Task.Run(() => informer.RunAsync(cancellationToken), CancellationToken.None)));
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
}
