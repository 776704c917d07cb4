using Etcdserverpb;

namespace Cluster.Storage.Etcd;

/// <summary>Leases for keys with a time to live. Keys of the same time written close together share one: etcd pays for each lease.</summary>
internal sealed class LeaseBuckets(EtcdConnection connection, TimeProvider time) : IDisposable
{
    // A key may live 5% (at most a minute) longer than asked, never shorter.
    private const int ShareOfLife = 20;
    private static readonly TimeSpan MaxWindow = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly Dictionary<TimeSpan, (long Id, DateTimeOffset Until)> _buckets = [];

    /// <summary>A lease that lasts at least <paramref name="life"/>.</summary>
    public async Task<long> LeaseAsync(TimeSpan life, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            if (_buckets.TryGetValue(life, out var bucket) && now < bucket.Until)
                return bucket.Id;
            var window = life / ShareOfLife < MaxWindow ? life / ShareOfLife : MaxWindow;
            var request = new LeaseGrantRequest { TTL = (long)Math.Ceiling((life + window).TotalSeconds) };
            var granted = await connection.ReadAsync((member, call) => member.Leases.LeaseGrantAsync(request, call), cancellationToken);
            _buckets[life] = (granted.ID, now + window);
            return granted.ID;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Someone revoked a lease of ours: take new ones.</summary>
    public async Task ForgetAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        _buckets.Clear();
        _gate.Release();
    }

    public void Dispose() => _gate.Dispose();
}
