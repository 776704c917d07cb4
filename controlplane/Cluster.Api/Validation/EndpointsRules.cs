using System.Net;
using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

internal sealed class EndpointsRules : KindRules<Endpoints>
{
    internal static readonly string[] Protocols = ["SCTP", "TCP", "UDP"];

    protected override void Check(Endpoints obj, FieldErrors errors)
    {
        var path = FieldPath.Root("subsets");
        for (var i = 0; i < obj.Subsets.Count; i++)
        {
            Subset(obj.Subsets[i], path.Index(i), errors);
        }
    }

    /// <summary>An address that traffic from another host can't reach is no backend.</summary>
    internal static void RoutableAddress(string ip, FieldPath path, FieldErrors errors)
    {
        if (!NameFormats.IsIP(ip))
        {
            errors.Invalid(path, ip, "must be a valid IP address");
            return;
        }
        var address = IPAddress.Parse(ip);
        var bytes = address.GetAddressBytes();
        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            errors.Invalid(path, ip, $"may not be unspecified ({ip})");
        }
        else if (IPAddress.IsLoopback(address))
        {
            errors.Invalid(path, ip, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
        }
        else if (address.IsIPv6LinkLocal || bytes is [169, 254, _, _])
        {
            errors.Invalid(path, ip, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
        }
        else if (bytes is [224, 0, 0, _] || (bytes.Length == 16 && bytes[0] == 0xff && (bytes[1] & 0xf) == 2))
        {
            errors.Invalid(path, ip, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
        }
    }

    private static void Subset(EndpointSubset subset, FieldPath path, FieldErrors errors)
    {
        if (subset.Addresses.Count == 0 && subset.NotReadyAddresses.Count == 0)
        {
            errors.Required(path, "must specify `addresses` or `notReadyAddresses`");
        }
        Addresses(subset.Addresses, path.Child("addresses"), errors);
        Addresses(subset.NotReadyAddresses, path.Child("notReadyAddresses"), errors);
        for (var i = 0; i < subset.Ports.Count; i++)
        {
            Port(subset.Ports[i], subset.Ports.Count > 1, path.Child("ports").Index(i), errors);
        }
    }

    private static void Addresses(IReadOnlyList<EndpointAddress> addresses, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < addresses.Count; i++)
        {
            var (address, at) = (addresses[i], path.Index(i));
            errors.Format(at.Child("ip"), address.Ip, NameFormats.IP);
            errors.OptionalFormat(at.Child("hostname"), address.Hostname, NameFormats.Dns1123Label);
            if (address.HasNodeName)
            {
                errors.Format(at.Child("nodeName"), address.NodeName, NameFormats.Dns1123Subdomain);
            }
            RoutableAddress(address.Ip, at.Child("ip"), errors);
        }
    }

    private static void Port(EndpointPort port, bool requireName, FieldPath path, FieldErrors errors)
    {
        if (requireName && port.Name.Length == 0)
        {
            errors.Required(path.Child("name"));
        }
        errors.OptionalFormat(path.Child("name"), port.Name, NameFormats.Dns1123Label);
        errors.Invalid(path.Child("port"), port.Port, NameFormats.PortNumber(port.Port));
        errors.OneOf(path.Child("protocol"), port.Protocol, Protocols);
        if (port.HasAppProtocol)
        {
            errors.Format(path.Child("appProtocol"), port.AppProtocol, NameFormats.QualifiedName);
        }
    }
}
