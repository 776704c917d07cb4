using Cluster.Api;
using Microsoft.Extensions.Logging;

namespace Cluster.Client;

/// <summary>Reads a kind from the server for as long as it runs: list, watch, resume where the watch ended, list again when that is too old.</summary>
internal sealed class Reflector<T>(IApiClient client, string? ns, ListQuery query, ILogger logger, TimeProvider time)
    where T : class, IApiObject, new()
{
    /// <summary>Bounds one answer: 500 pods of 20 kB are 10 MB. client-go pages by the same number.</summary>
    internal const int PageSize = 500;

    /// <summary>A watch that lived this long was a good one: the next failure starts with a short delay again.</summary>
    private static readonly TimeSpan GoodWatch = TimeSpan.FromSeconds(1);

    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10));
    private readonly string _kind = typeof(T) == typeof(Api.Custom.CustomObject) ? typeof(T).Name : ClientResources.For<T>().Kind;

    // Null until a list succeeded, and again when the server no longer knows the version.
    private string? _resourceVersion;

    /// <summary>Objects come without managedFields, and those of a list of more than a page packed.</summary>
    public bool Packs { get; set; }

    /// <summary>Changes each object before it is handed on.</summary>
    public Action<T>? Transform { get; set; }

    /// <summary>Runs until cancelled, then returns. The callbacks are called from one loop, a list before the changes that follow it.</summary>
    public async Task RunAsync(Action<IReadOnlyList<CachedObject<T>>> replace, Action<ResourceEvent<T>> change, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var began = time.GetTimestamp();
            try
            {
                if (_resourceVersion is null)
                {
                    var (items, version) = await ListAsync(cancellationToken);
                    replace(items);
                    _resourceVersion = version;
                }

                await WatchAsync(change, cancellationToken);
                await RestAsync(began, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Whatever broke the connection or the server, the answer is the same: wait a little and go on.
                if (!await RecoverAsync(e, began, cancellationToken))
                {
                    return;
                }
            }
        }
    }

    private async Task<(List<CachedObject<T>> Items, string Version)> ListAsync(CancellationToken cancellationToken)
    {
        var items = new List<CachedObject<T>>();
        var page = query with { Limit = PageSize, ResourceVersion = null };
        while (true)
        {
            var list = await client.ListAsync<T>(ns, page, cancellationToken);
            Take(list.Items, items, isAll: items.Count == 0 && string.IsNullOrEmpty(list.Continue));
            if (string.IsNullOrEmpty(list.Continue))
            {
                return (items, list.ResourceVersion);
            }

            page = page with { Continue = list.Continue };
        }
    }

    // Page by page: the objects of a whole list would need the room that packing saves.
    private void Take(IReadOnlyList<T> page, List<CachedObject<T>> items, bool isAll)
    {
        foreach (var item in page)
        {
            Prepare(item);
            var entry = new CachedObject<T>(item);
            if (Packs && !isAll)
            {
                entry.Pack();
            }

            items.Add(entry);
        }
    }

    private void Prepare(T obj)
    {
        if (Packs)
        {
            // No component reads them, they are a third of a pod, and the server keeps those of an object that comes back without any.
            obj.Metadata?.ManagedFields.Clear();
        }

        Transform?.Invoke(obj);
    }

    private async Task WatchAsync(Action<ResourceEvent<T>> change, CancellationToken cancellationToken)
    {
        var watch = query with { ResourceVersion = _resourceVersion, AllowBookmarks = true };
        await foreach (var next in client.WatchAsync<T>(ns, watch, cancellationToken))
        {
            _resourceVersion = next.Object.Metadata.ResourceVersion;
            if (next.Type != ResourceEventType.Bookmark)
            {
                Prepare(next.Object);
                change(next);
            }
        }
    }

    /// <summary>The server ends watches from time to time; one that ends at once must not become a busy loop.</summary>
    private async Task RestAsync(long began, CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(began) >= GoodWatch)
        {
            _backoff.Reset();
            return;
        }

        await Task.Delay(_backoff.Next(), time, cancellationToken);
    }

    /// <summary>False if cancelled meanwhile.</summary>
    private async Task<bool> RecoverAsync(Exception e, long began, CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(began) >= GoodWatch)
        {
            _backoff.Reset();
        }

        if (e is StatusException status)
        {
            // Too old, or refused for any other reason: what we hold may miss something, so read all of it again.
            _resourceVersion = null;
            logger.LogWarning("Reading {Kind}: {Message}; listing again", _kind, status.Message);
        }
        else
        {
            logger.LogWarning("Reading {Kind}: {Message}; trying again", _kind, e.Message);
        }

        try
        {
            await Task.Delay(_backoff.Next(), time, cancellationToken);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
