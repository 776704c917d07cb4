using Microsoft.Extensions.Logging;

namespace Cluster.Storage.Embedded;

/// <summary>What the store does by itself: deletes expired keys and forgets old history. Runs until disposed.</summary>
internal sealed class Upkeep : IAsyncDisposable
{
    // A compaction goes in steps of so many revisions, so that no write waits for more than one step.
    private const long CompactionStep = 500;

    private readonly WriteLoop _writer;
    private readonly ReadPool _readers;
    private readonly EmbeddedStoreOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly Queue<(DateTimeOffset Time, long Revision)> _samples = new();
    private readonly Task _expiring;
    private readonly Task _compacting;

    public Upkeep(WriteLoop writer, ReadPool readers, EmbeddedStoreOptions options)
    {
        _writer = writer;
        _readers = readers;
        _options = options;
        _samples.Enqueue((options.Time.GetUtcNow(), writer.Revision));
        _expiring = RepeatAsync(options.ExpiryInterval, ExpireAsync);
        _compacting = RepeatAsync(options.CompactionInterval, CompactOldAsync);
    }

    /// <summary>Forgets the history before <paramref name="revision"/>.</summary>
    public async Task CompactAsync(long revision, CancellationToken cancellationToken)
    {
        while (!await _writer.EnqueueAsync(group => group.Compact(revision, CompactionStep), cancellationToken))
        {
            // one step done, others may write in between
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_expiring, _compacting);
        _stop.Dispose();
    }

    private async Task ExpireAsync()
    {
        var first = _readers.Read(reader => reader.FirstExpiryMs());
        if (first is null || first > _options.Time.GetUtcNow().ToUnixTimeMilliseconds())
            return;
        while (await _writer.EnqueueAsync(group => group.Expire(), _stop.Token))
        {
            // a full transaction of them: there may be more
        }
    }

    private async Task CompactOldAsync()
    {
        var now = _options.Time.GetUtcNow();
        _samples.Enqueue((now, _writer.Revision));
        long oldEnough = 0;
        while (_samples.TryPeek(out var sample) && now - sample.Time >= _options.RetainedTime)
            oldEnough = _samples.Dequeue().Revision;
        var target = Math.Min(oldEnough, _writer.Revision - _options.RetainedRevisions);
        if (target > _writer.Compacted)
            await CompactAsync(target, _stop.Token);
    }

    private async Task RepeatAsync(TimeSpan interval, Func<Task> work)
    {
        using var timer = new PeriodicTimer(interval, _options.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
                await TryAsync(work);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // closing
        }
    }

    private async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (StoreException e)
        {
            _options.Logger.LogWarning("Upkeep of the store will be tried again: {Reason}", e.Message); // a full disk, for one
        }
    }
}
