using System.Net;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.SocketLb;

/// <summary>Finds backends that did not take connections, which programs count. Called under the balancer's lock.</summary>
/// <remarks>
/// Nothing can be tried again for the client that met the failure, so the next ones are to be kept from it: the penalty box is told within a
/// look, a tenth of a second by default. A look costs one read while nothing fails.
/// </remarks>
internal sealed class FailureWatch(SocketMaps maps, SocketTable table, ILogger logger)
{
    private ulong _seen = Volatile.Read(ref maps.Slots[ListWriter.FailuresSlot]);
    private long[]? _failures = Inherited(maps, table);

    /// <summary>The backends that failed clients since the last look, and the address at which they did.</summary>
    public List<(ServiceEntry Entry, Backend Backend, IPEndPoint Address)> Look()
    {
        var failures = Volatile.Read(ref maps.Slots[ListWriter.FailuresSlot]);
        if (failures == _seen) return [];
        _seen = failures;
        _failures ??= new long[maps.Backends.Length];
        var found = new List<(ServiceEntry, Backend, IPEndPoint)>();
        foreach (var service in table.Services)
        {
            if (service.Entry is not { Port.Id.Protocol: ServiceProtocol.Tcp } entry) continue;
            foreach (var (key, index) in service.Backends)
            {
                if (!HasFailed(index) || service.Find(key) is not { } backend) continue;
                found.Add((entry, backend, backend.AddressOf(service.Family)!));
                logger.LogInformation("{Backend} of {Service} did not take a connection: others get the next ones until it answers", backend.AddressOf(service.Family), entry.Port.Id);
            }

            // What was under way to those that are left out already says nothing new of them once they are back.
            foreach (var draining in service.Draining.Values) HasFailed(draining.Index);
        }

        return found;
    }

    // What failed before is an earlier process's to have found out; its counters go on.
    private static long[]? Inherited(SocketMaps maps, SocketTable table)
    {
        if (Volatile.Read(ref maps.Slots[ListWriter.FailuresSlot]) == 0) return null;
        var failures = new long[maps.Backends.Length];
        foreach (var index in table.Leftovers.SelectMany(service => service.Backends.Values.Concat(service.Draining.Values.Select(draining => draining.Index))))
            failures[index] = table.Backends.Counters(index).Failed;
        return failures;
    }

    private bool HasFailed(int index)
    {
        var failed = table.Backends.Counters(index).Failed;
        if (_failures![index] == failed) return false;
        _failures[index] = failed;
        // A record that is another backend's by now begins at nothing.
        return failed > 0;
    }
}
