using System.Globalization;
using System.Net;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Strategies;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Allocation;

/// <summary>Tells a service's user what is wrong with its address or ports, in Kubernetes' words.</summary>
/// <remarks>The same thing is told once while its event lasts, by however many servers.</remarks>
internal sealed class RepairEvents(IResourceRegistry registry, RegistryOptions options, TimeProvider time, ILogger logger)
{
    private static readonly ResourceType Events = ResourceCatalog.For<Event>();
    private readonly AddressRange _addresses = new(options.ServiceRange);

    public Task NotAllocatedAsync(Service service, string key, CancellationToken cancellationToken) => Port(key) is { } port
        ? TellAsync(service, "PortNotAllocated", key, $"Port {port} is not allocated; repairing", cancellationToken)
        : TellAsync(service, "ClusterIPNotAllocated", key, $"Cluster IP {Address(key)} is not allocated; repairing", cancellationToken);

    public Task AlreadyAllocatedAsync(Service service, string key, CancellationToken cancellationToken) => Port(key) is { } port
        ? TellAsync(service, "PortAlreadyAllocated", key, $"Port {port} was assigned to multiple services; please recreate service", cancellationToken)
        : TellAsync(service, "ClusterIPAlreadyAllocated", key, $"Cluster IP {Address(key)} was assigned to multiple services; please recreate service", cancellationToken);

    /// <summary>Tells only if it is so.</summary>
    public Task OutOfRangeAsync(Service service, string key, CancellationToken cancellationToken)
    {
        if (Port(key) is { } port)
        {
            return port >= options.FirstNodePort && port <= options.LastNodePort ? Task.CompletedTask : TellAsync(
                service, "PortOutOfRange", key,
                $"Port {port} is not within the port range {options.FirstNodePort}-{options.LastNodePort}; please recreate service", cancellationToken);
        }

        return IPAddress.TryParse(key[Claims.ServiceAddresses.Length..], out var address) && _addresses.Contains(address) ? Task.CompletedTask : TellAsync(
            service, "ClusterIPOutOfRange", key, $"Cluster IP {Address(key)} is not within the configured Service CIDR; please recreate service", cancellationToken);
    }

    private async Task TellAsync(Service service, string reason, string key, string message, CancellationToken cancellationToken)
    {
        var meta = service.Metadata;
        logger.LogWarning("Service {Namespace}/{Name}: {Message}", meta.Namespace, meta.Name, message);
        var now = time.GetUtcNow().ToTime();
        var component = Port(key) is null ? "ipallocator-repair-controller" : "portallocator-repair-controller";
        var told = new Event
        {
            Metadata = new ObjectMeta { Namespace = meta.Namespace, Name = NameOf(meta, reason, key) },
            InvolvedObject = new ObjectReference
            {
                ApiVersion = "v1", Kind = "Service", Namespace = meta.Namespace, Name = meta.Name, Uid = meta.Uid, ResourceVersion = meta.ResourceVersion,
            },
            Type = "Warning", Reason = reason, Message = message, Count = 1, FirstTimestamp = now, LastTimestamp = now,
            Source = new EventSource { Component = component }, ReportingComponent = component,
        };
        try
        {
            await registry.CreateAsync(
                new RequestScope { Resource = Events, User = UserIdentity.ApiServer, Namespace = meta.Namespace }, told, cancellationToken);
        }
        catch (StatusException failure)
        {
            // Told already, or the namespace is on its way out: the log has it.
            logger.LogDebug(failure, "No event for service {Namespace}/{Name}", meta.Namespace, meta.Name);
        }
    }

    private static string NameOf(ObjectMeta service, string reason, string key)
    {
        var what = key[(key.LastIndexOf('/') + 1)..].Replace(':', '-');
        return $"{service.Name}.{reason.ToLowerInvariant()}-{what.Trim('-')}.{service.Uid}";
    }

    private static int? Port(string key) => key.StartsWith(Claims.NodePorts, StringComparison.Ordinal)
        ? int.Parse(key.AsSpan(Claims.NodePorts.Length), CultureInfo.InvariantCulture) : null;

    private static string Address(string key)
    {
        var address = key[Claims.ServiceAddresses.Length..];
        return $"[{(address.Contains(':') ? "IPv6" : "IPv4")}]:{address}";
    }
}
