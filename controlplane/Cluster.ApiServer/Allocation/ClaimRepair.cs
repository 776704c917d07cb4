using System.Text;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Strategies;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Allocation;

/// <summary>Compares the services with the claims of their addresses and ports, at the start and then from time to time.</summary>
/// <remarks>
/// A service and its claims are written in one transaction, so a crash leaves nothing to mend. What is mended is what was stored past it: by
/// an earlier program, by hand, or out of an old backup. Every repair is a transaction on the versions it was decided on: any number of
/// servers may do it at once.
/// </remarks>
internal sealed class ClaimRepair(
    IStore store, IClaimant services, RepairEvents events, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    /// <summary>As often as Kubernetes does it.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(3);

    private static readonly ResourceType Services = ResourceCatalog.For<Service>();

    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Repairs once; what cannot be done now is done at a later time.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await TryAsync(cancellationToken);
        _running = Task.Run(() => RunAsync(_stop.Token), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(Interval, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await TryAsync(cancellationToken);
        }
    }

    private async Task TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RepairAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server stops.
        }
        catch (Exception exception)
        {
            // The top of the loop: a store that is away now is asked again at the next time.
            logger.LogWarning(exception, "The claims of services could not be checked");
        }
    }

    private async Task RepairAsync(CancellationToken cancellationToken)
    {
        var stored = await store.RangeAsync(Services.StoragePrefix!, null, 0, 0, cancellationToken);
        var all = stored.Entries.Select(Read).OfType<StoredService>().ToList();
        var claims = await ClaimsAsync(stored.Revision, cancellationToken);
        foreach (var claimants in all.SelectMany(service => services.ClaimsOf(service.Service).Select(key => (Key: key, Service: service))).ToLookup(one => one.Key, one => one.Service))
        {
            claims.Remove(claimants.Key, out var claim);
            await SettleAsync(claimants.Key, claim, [.. claimants], cancellationToken);
        }

        // A service that cannot be read still has what it has.
        if (all.Count < stored.Entries.Count)
            return;
        foreach (var claim in claims.Values)
            await ReleaseAsync(claim, cancellationToken);
    }

    /// <summary>Sees to it that one of those who have an address or port holds its claim, and tells the others.</summary>
    private async Task SettleAsync(string key, StoreEntry? claim, IReadOnlyList<StoredService> claimants, CancellationToken cancellationToken)
    {
        var holder = claim is null ? null : claimants.FirstOrDefault(one => IsOf(claim, one.Service));
        if (holder is null)
        {
            holder = claimants.OrderBy(one => one.Service.Metadata.CreationTimestamp?.Seconds ?? 0).ThenBy(one => one.Entry.Key, StringComparer.Ordinal).First();
            await events.NotAllocatedAsync(holder.Service, key, cancellationToken);
            await store.TxnAsync(
                new StoreTxn(
                    [new StoreCompare(holder.Entry.Key, holder.Entry.ModRevision), new StoreCompare(key, claim?.ModRevision ?? 0)],
                    [new StoreOp(key, Claims.ValueOf(holder.Service))]),
                cancellationToken);
        }

        await events.OutOfRangeAsync(holder.Service, key, cancellationToken);
        foreach (var other in claimants.Where(one => one != holder))
            await events.AlreadyAllocatedAsync(other.Service, key, cancellationToken);
    }

    // Nobody can have come to have it meanwhile: who wants it must find no claim.
    private async Task ReleaseAsync(StoreEntry claim, CancellationToken cancellationToken)
    {
        logger.LogWarning("The claim {Key} is of no service ({Owner}); releasing it", claim.Key, Encoding.UTF8.GetString(claim.Value.Span));
        await store.TxnAsync(new StoreTxn([new StoreCompare(claim.Key, claim.ModRevision)], [new StoreOp(claim.Key, null)]), cancellationToken);
    }

    private async Task<Dictionary<string, StoreEntry>> ClaimsAsync(long revision, CancellationToken cancellationToken)
    {
        var claims = new Dictionary<string, StoreEntry>(StringComparer.Ordinal);
        foreach (var prefix in (string[])[Claims.ServiceAddresses, Claims.NodePorts])
        {
            foreach (var entry in (await store.RangeAsync(prefix, null, 0, revision, cancellationToken)).Entries)
                claims[entry.Key] = entry;
        }

        return claims;
    }

    private static bool IsOf(StoreEntry claim, Service service) =>
        Encoding.UTF8.GetString(claim.Value.Span).EndsWith($" {service.Metadata.Uid}", StringComparison.Ordinal);

    private StoredService? Read(StoreEntry entry)
    {
        try
        {
            return new StoredService(entry, (Service)StoredForm.Decode(Services, entry).Object);
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "The service {Key} cannot be read; its claims stay as they are", entry.Key);
            return null;
        }
    }

    private sealed record StoredService(StoreEntry Entry, Service Service);
}
