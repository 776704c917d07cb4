using System.Net;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Validation;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Strategies;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;

namespace Cluster.ApiServer.Allocation;

/// <summary>Gives services their cluster IP and node ports. A requested one is honoured or refused; any other is chosen.</summary>
/// <remarks>
/// The cache of claims says what is probably free; the comparison in the service's own transaction decides, and a lost one is chosen again.
/// So it is safe over several API servers, and nothing leaks when one dies.
/// </remarks>
internal sealed class ServiceAllocator(RegistryOptions options, KeyCache claims) : IClaimant
{
    private readonly AddressRange _addresses = new(options.ServiceRange);

    /// <inheritdoc/>
    public bool FillsIn => true;

    /// <inheritdoc/>
    public ClaimPlan Plan(IApiObject obj, IApiObject? old, IReadOnlySet<string> taken)
    {
        var service = (Service)obj;
        var held = old is null ? [] : ClaimsOf(old).ToHashSet(StringComparer.Ordinal);
        var draft = new ClaimDraft(held, taken, claims);
        AllocateAddress(service, draft);
        AllocateNodePorts(service, draft);
        AllocateHealthCheckPort(service, draft);

        var owner = Claims.ValueOf(service);
        var wanted = ClaimsOf(service).ToHashSet(StringComparer.Ordinal);
        return new ClaimPlan(
            [
                .. draft.Claimed.Select(claim => new StoreOp(claim.Key, owner)),
                .. held.Where(key => !wanted.Contains(key)).Select(key => new StoreOp(key, null)),
            ],
            draft.Claimed);
    }

    /// <inheritdoc/>
    public IEnumerable<string> ClaimsOf(IApiObject obj)
    {
        var spec = ((Service)obj).Spec;
        if (spec is null)
            return [];

        var addresses = ServiceTypes.NeedsClusterIP(spec)
            ? spec.ClusterIPs.Where(address => address.Length > 0 && address != ServiceTypes.Headless).Select(Claims.ServiceAddress) : [];
        // Nothing that was never claimed may stand here: letting go of it would free another service's.
        var ports = (ServiceTypes.MayHaveNodePorts(spec) ? spec.Ports.Select(port => port.NodePort) : [])
            .Concat(ServiceTypes.NeedsHealthCheckPort(spec) ? [spec.HealthCheckNodePort] : []).Where(port => port != 0);
        return addresses.Concat(ports.Select(Claims.NodePort)).Distinct();
    }

    private void AllocateAddress(Service service, ClaimDraft draft)
    {
        var spec = service.Spec;
        if (!ServiceTypes.NeedsClusterIP(spec))
            return;

        if (spec.ClusterIP == ServiceTypes.Headless && spec.Selector.Count == 0)
        {
            ChooseFamilies(spec);
            return;
        }

        RequireSingleStack(service);
        if (spec.ClusterIP.Length == 0)
        {
            spec.ClusterIP = ChooseAddress(draft);
            spec.ClusterIPs.Clear();
            spec.ClusterIPs.Add(spec.ClusterIP);
        }
        else if (spec.ClusterIP != ServiceTypes.Headless)
        {
            ClaimRequested(service, draft);
        }

        if (spec.IpFamilies.Count == 0)
            spec.IpFamilies.Add(_addresses.Family);
        // PreferDualStack stays: it is a wish that one family fulfils as far as it can be.
        if (!spec.HasIpFamilyPolicy)
            spec.IpFamilyPolicy = "SingleStack";
    }

    /// <summary>No address is needed of this cluster's range: whoever writes the endpoints may do so in both families.</summary>
    private void ChooseFamilies(ServiceSpec spec)
    {
        if (!spec.HasIpFamilyPolicy)
            spec.IpFamilyPolicy = "RequireDualStack";
        if (spec.IpFamilies.Count == 0)
            spec.IpFamilies.Add(_addresses.Family);
        if (spec.IpFamilies.Count == 1 && spec.IpFamilyPolicy != "SingleStack")
            spec.IpFamilies.Add(spec.IpFamilies[0] == "IPv4" ? "IPv6" : "IPv4");
    }

    private void RequireSingleStack(Service service)
    {
        if (service.Spec.IpFamilyPolicy == "RequireDualStack")
        {
            throw Invalid(service, FieldError.Invalid(
                "spec.ipFamilyPolicy", service.Spec.IpFamilyPolicy, "this cluster is not configured for dual-stack services"));
        }

        if (service.Spec.IpFamilies.Count > 0 && service.Spec.IpFamilies[0] != _addresses.Family)
        {
            throw Invalid(service, FieldError.Invalid(
                "spec.ipFamilies[0]", service.Spec.IpFamilies[0], "not configured on this cluster"));
        }

        if (service.Spec.IpFamilies.Count > 1)
            throw Invalid(service, FieldError.Invalid("spec.ipFamilies[1]", service.Spec.IpFamilies[1], "not configured on this cluster"));
        if (service.Spec.ClusterIPs.Count > 1)
            throw Invalid(service, FieldError.Invalid("spec.clusterIPs[1]", service.Spec.ClusterIPs[1], "not configured on this cluster"));
    }

    private string ChooseAddress(ClaimDraft draft)
    {
        bool IsFree(int offset) => draft.IsFree(Claims.ServiceAddress(_addresses.At(offset).ToString()));

        var offset = FreeChoice.Pick(_addresses.FirstDynamic, _addresses.Count - 1, IsFree)
            ?? FreeChoice.Pick(1, _addresses.FirstDynamic - 1, IsFree)
            ?? throw StatusErrors.InternalError("failed to allocate a serviceIP: range is full");
        var address = _addresses.At(offset).ToString();
        draft.Choose(Claims.ServiceAddress(address));
        return address;
    }

    private void ClaimRequested(Service service, ClaimDraft draft)
    {
        var requested = service.Spec.ClusterIP;
        // The text of the key must be one of the address's many spellings: the canonical one.
        if (!IPAddress.TryParse(requested, out var address))
            throw RefusedAddress(service, "not a valid IP");

        if (draft.IsHeld(Claims.ServiceAddress(requested)))
            return;

        if (!_addresses.Contains(address))
        {
            throw RefusedAddress(
                service, $"the provided IP ({requested}) is not in the valid range. The range of valid IPs is {_addresses.Network}");
        }

        draft.Request(Claims.ServiceAddress(address.ToString()), RefusedAddress(service, "provided IP is already allocated"));
    }

    private static StatusException RefusedAddress(Service service, string why) => Invalid(service, FieldError.Invalid(
        "spec.clusterIPs", service.Spec.ClusterIPs.ToList(), $"failed to allocate IP {service.Spec.ClusterIP}: {why}"));

    private void AllocateNodePorts(Service service, ClaimDraft draft)
    {
        if (!ServiceTypes.MayHaveNodePorts(service.Spec))
            return;

        // Those that are asked for are claimed though none need be: whoever has a number must hold it.
        for (var i = 0; i < service.Spec.Ports.Count; i++)
        {
            if (service.Spec.Ports[i].NodePort != 0)
                RequestNodePort(service, $"spec.ports[{i}].nodePort", service.Spec.Ports[i].NodePort, draft);
        }

        if (!ServiceTypes.NeedsNodePorts(service.Spec))
            return;

        foreach (var port in service.Spec.Ports.Where(port => port.NodePort == 0))
        {
            // One number serves the TCP and the UDP side of the same port.
            var twin = service.Spec.Ports.FirstOrDefault(other =>
                other.NodePort != 0 && other.Port == port.Port && other.Protocol != port.Protocol);
            port.NodePort = twin?.NodePort ?? ChooseNodePort(draft);
        }
    }

    private void AllocateHealthCheckPort(Service service, ClaimDraft draft)
    {
        if (!ServiceTypes.NeedsHealthCheckPort(service.Spec))
            return;

        if (service.Spec.HealthCheckNodePort == 0)
            service.Spec.HealthCheckNodePort = ChooseNodePort(draft);
        else
            RequestNodePort(service, "spec.healthCheckNodePort", service.Spec.HealthCheckNodePort, draft);
    }

    private void RequestNodePort(Service service, string path, int port, ClaimDraft draft)
    {
        var key = Claims.NodePort(port);
        if (draft.IsHeld(key))
            return;

        if (port < options.FirstNodePort || port > options.LastNodePort)
        {
            throw Invalid(service, FieldError.Invalid(path, port,
                $"provided port is not in the valid range. The range of valid ports is {options.FirstNodePort}-{options.LastNodePort}"));
        }

        draft.Request(key, Invalid(service, FieldError.Invalid(path, port, "provided port is already allocated")));
    }

    private int ChooseNodePort(ClaimDraft draft)
    {
        var port = FreeChoice.Pick(options.FirstNodePort, options.LastNodePort, number => draft.IsFree(Claims.NodePort(number)))
            ?? throw StatusErrors.InternalError("failed to allocate a nodePort: range is full");
        draft.Choose(Claims.NodePort(port));
        return port;
    }

    private static StatusException Invalid(Service service, FieldError error) =>
        StatusErrors.Invalid(ResourceCatalog.For(service), service.Metadata.Name, [error]);
}
