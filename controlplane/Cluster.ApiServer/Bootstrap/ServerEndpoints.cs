using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Registry;
using Cluster.Storage;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Bootstrap;

/// <summary>The endpoints of <c>default/kubernetes</c>: the addresses of all living API servers.</summary>
/// <remarks>Each server keeps a key that expires when it dies; whoever reconciles next writes the servers that are left.</remarks>
internal sealed class ServerEndpoints(IResourceRegistry registry, IStore store, IPEndPoint advertise, ILogger logger)
{
    private const string Prefix = "/registry/masterleases/";
    private const string Name = "kubernetes";
    private const string PortName = "https";
    private const string Ns = "default";

    // One and a half intervals of the reconciler: one missed beat is no death.
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(15);

    private readonly string _key = Prefix + advertise.Address;

    public async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        if (IPAddress.IsLoopback(advertise.Address))
        {
            // Endpoints may not name a loopback address: in a pod it would be the pod itself.
            logger.LogDebug("{Address} is a loopback address: the kubernetes service has no endpoint", advertise.Address);
            return;
        }

        var value = Encoding.UTF8.GetBytes(advertise.Port.ToString(CultureInfo.InvariantCulture));
        await store.TxnAsync(new StoreTxn([], [new StoreOp(_key, value, Lifetime)]), cancellationToken);
        await WriteAsync(cancellationToken);
    }

    /// <summary>Takes this server out, for a clean stop.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        await store.TxnAsync(new StoreTxn([], [new StoreOp(_key, null)]), cancellationToken);
        await WriteAsync(cancellationToken);
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        var servers = await store.RangeAsync(Prefix, null, 0, 0, cancellationToken);
        var addresses = servers.Entries.Select(entry => entry.Key[Prefix.Length..]).Order(StringComparer.Ordinal).ToList();
        await PutAsync(MakeEndpoints(addresses), cancellationToken);
        await PutAsync(MakeSlice(addresses), cancellationToken);
    }

    private async Task PutAsync(IApiObject wanted, CancellationToken cancellationToken)
    {
        var scope = new RequestScope
        {
            Resource = ResourceCatalog.For(wanted), User = UserIdentity.ApiServer, Namespace = Ns, Name = Name,
            FieldManager = SystemObjects.ManagerName,
        };
        try
        {
            // Equal to what is stored: nothing is written.
            await registry.UpdateAsync(scope, wanted, cancellationToken);
        }
        catch (StatusException missing) when (missing.IsNotFound)
        {
            await registry.CreateAsync(scope with { Name = null }, wanted, cancellationToken);
        }
    }

    private Endpoints MakeEndpoints(List<string> addresses)
    {
        var endpoints = new Endpoints { Metadata = Meta() };
        endpoints.Metadata.Labels["endpointslice.kubernetes.io/skip-mirror"] = "true";
        if (addresses.Count == 0)
            return endpoints;

        var subset = new EndpointSubset
        {
            Ports = { new Api.CoreV1.EndpointPort { Name = PortName, Port = advertise.Port, Protocol = "TCP" } },
        };
        subset.Addresses.Add(addresses.Select(address => new EndpointAddress { Ip = address }));
        endpoints.Subsets.Add(subset);
        return endpoints;
    }

    private EndpointSlice MakeSlice(List<string> addresses)
    {
        var slice = new EndpointSlice
        {
            Metadata = Meta(),
            AddressType = advertise.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4",
            Ports = { new Api.DiscoveryV1.EndpointPort { Name = PortName, Port = advertise.Port, Protocol = "TCP" } },
        };
        slice.Metadata.Labels["kubernetes.io/service-name"] = Name;
        slice.Endpoints.Add(addresses.Select(address => new Endpoint
        {
            Addresses = { address }, Conditions = new EndpointConditions { Ready = true },
        }));
        return slice;
    }

    private static ObjectMeta Meta() => new() { Name = Name, Namespace = Ns };
}
