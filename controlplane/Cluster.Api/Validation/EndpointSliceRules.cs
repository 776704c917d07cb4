using Cluster.Api.DiscoveryV1;

namespace Cluster.Api.Validation;

internal sealed class EndpointSliceRules : KindRules<EndpointSlice>
{
    private const int MaxEndpoints = 1000;
    private const int MaxAddresses = 100;
    private const int MaxPorts = 20000;

    protected override void Check(EndpointSlice obj, FieldErrors errors)
    {
        errors.OneOf(FieldPath.Root("addressType"), obj.AddressType, "FQDN", "IPv4", "IPv6");
        Endpoints(obj, FieldPath.Root("endpoints"), errors);
        Ports(obj.Ports, FieldPath.Root("ports"), errors);
    }

    protected override void CheckUpdate(EndpointSlice obj, EndpointSlice before, FieldErrors errors) =>
        errors.Unchanged(FieldPath.Root("addressType"), obj.AddressType, before.AddressType);

    private static void Endpoints(EndpointSlice slice, FieldPath path, FieldErrors errors)
    {
        if (slice.Endpoints.Count > MaxEndpoints)
        {
            errors.TooMany(path, slice.Endpoints.Count, MaxEndpoints);
            return;
        }
        for (var i = 0; i < slice.Endpoints.Count; i++)
        {
            var (endpoint, at) = (slice.Endpoints[i], path.Index(i));
            Addresses(endpoint, slice.AddressType, at.Child("addresses"), errors);
            if (endpoint.HasNodeName)
            {
                errors.Format(at.Child("nodeName"), endpoint.NodeName, NameFormats.Dns1123Subdomain);
            }
            if (endpoint.HasHostname)
            {
                errors.Format(at.Child("hostname"), endpoint.Hostname, NameFormats.Dns1123Label);
            }
        }
    }

    private static void Addresses(Endpoint endpoint, string type, FieldPath path, FieldErrors errors)
    {
        if (endpoint.Addresses.Count == 0)
        {
            errors.Required(path, "must contain at least 1 address");
        }
        else if (endpoint.Addresses.Count > MaxAddresses)
        {
            errors.TooMany(path, endpoint.Addresses.Count, MaxAddresses);
        }
        for (var i = 0; i < endpoint.Addresses.Count; i++)
        {
            Address(endpoint.Addresses[i], type, path.Index(i), errors);
        }
    }

    private static void Address(string address, string type, FieldPath path, FieldErrors errors)
    {
        switch (type)
        {
            case "FQDN":
                errors.Format(path, address, NameFormats.Dns1123Subdomain);
                break;
            case "IPv4" or "IPv6":
                if (!NameFormats.IsIP(address) || address.Contains(':', StringComparison.Ordinal) != (type == "IPv6"))
                {
                    errors.Invalid(path, address, $"must be a valid {type} address");
                }
                EndpointsRules.RoutableAddress(address, path, errors);
                break;
        }
    }

    private static void Ports(IReadOnlyList<EndpointPort> ports, FieldPath path, FieldErrors errors)
    {
        if (ports.Count > MaxPorts)
        {
            errors.TooMany(path, ports.Count, MaxPorts);
            return;
        }
        var names = new HashSet<string>();
        for (var i = 0; i < ports.Count; i++)
        {
            var (port, at) = (ports[i], path.Index(i));
            errors.OptionalFormat(at.Child("name"), port.Name, NameFormats.Dns1123Label);
            if (!names.Add(port.Name))
            {
                errors.Duplicate(at.Child("name"), port.Name);
            }
            errors.OneOf(at.Child("protocol"), port.Protocol, EndpointsRules.Protocols);
            if (port.HasAppProtocol)
            {
                errors.Format(at.Child("appProtocol"), port.AppProtocol, NameFormats.QualifiedName);
            }
        }
    }
}
