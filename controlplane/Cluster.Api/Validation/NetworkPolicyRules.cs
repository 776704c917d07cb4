using System.Net;
using Cluster.Api.NetworkingV1;

namespace Cluster.Api.Validation;

internal sealed class NetworkPolicyRules : KindRules<NetworkPolicy>
{
    private static readonly FieldPath Spec = FieldPath.Spec;

    protected override void Check(NetworkPolicy obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? new NetworkPolicySpec();
        LabelSelectorRules.Check(spec.PodSelector, Spec.Child("podSelector"), errors);
        for (var i = 0; i < spec.Ingress.Count; i++)
        {
            Rule(spec.Ingress[i].Ports, spec.Ingress[i].From, "from", Spec.Child("ingress").Index(i), errors);
        }
        for (var i = 0; i < spec.Egress.Count; i++)
        {
            Rule(spec.Egress[i].Ports, spec.Egress[i].To, "to", Spec.Child("egress").Index(i), errors);
        }
        Types(spec.PolicyTypes, Spec.Child("policyTypes"), errors);
    }

    private static void Rule(
        IReadOnlyList<NetworkPolicyPort> ports, IReadOnlyList<NetworkPolicyPeer> peers, string direction, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < ports.Count; i++)
        {
            Port(ports[i], path.Child("ports").Index(i), errors);
        }
        for (var i = 0; i < peers.Count; i++)
        {
            Peer(peers[i], path.Child(direction).Index(i), errors);
        }
    }

    private static void Types(IReadOnlyList<string> types, FieldPath path, FieldErrors errors)
    {
        if (types.Count > 2)
        {
            errors.Invalid(path, types, "may not specify more than two policyTypes");
            return;
        }
        for (var i = 0; i < types.Count; i++)
        {
            if (types[i] is not ("Ingress" or "Egress"))
            {
                errors.NotSupported(path.Index(i), types[i], ["Ingress", "Egress"]);
            }
        }
    }

    private static void Port(NetworkPolicyPort port, FieldPath path, FieldErrors errors)
    {
        if (port.HasProtocol && port.Protocol is not ("TCP" or "UDP" or "SCTP"))
        {
            errors.NotSupported(path.Child("protocol"), port.Protocol, ["TCP", "UDP", "SCTP"]);
        }
        var end = path.Child("endPort");
        switch (port.Port)
        {
            case null when port.HasEndPort:
                errors.Invalid(end, port.EndPort, "may not be specified when `port` is not specified");
                break;
            case { Type: 1 } named:
                if (port.HasEndPort)
                {
                    errors.Invalid(end, port.EndPort, "may not be specified when `port` is non-numeric");
                }
                errors.Format(path.Child("port"), named.StrVal, NameFormats.PortName);
                break;
            case { } number:
                errors.Invalid(path.Child("port"), number.IntVal, NameFormats.PortNumber(number.IntVal));
                if (port.HasEndPort && port.EndPort < number.IntVal)
                {
                    errors.Invalid(end, port.EndPort, "must be greater than or equal to `port`");
                }
                if (port.HasEndPort)
                {
                    errors.Invalid(end, port.EndPort, NameFormats.PortNumber(port.EndPort));
                }
                break;
        }
    }

    private static void Peer(NetworkPolicyPeer peer, FieldPath path, FieldErrors errors)
    {
        LabelSelectorRules.Check(peer.PodSelector, path.Child("podSelector"), errors);
        LabelSelectorRules.Check(peer.NamespaceSelector, path.Child("namespaceSelector"), errors);
        if (peer.IpBlock is { } block)
        {
            Block(block, path.Child("ipBlock"), errors);
        }
        var selects = peer.PodSelector is not null || peer.NamespaceSelector is not null;
        if (!selects && peer.IpBlock is null)
        {
            errors.Required(path, "must specify a peer");
        }
        else if (selects && peer.IpBlock is not null)
        {
            errors.Forbidden(path, "may not specify both ipBlock and another peer");
        }
    }

    private static void Block(IPBlock block, FieldPath path, FieldErrors errors)
    {
        if (!errors.Present(path.Child("cidr"), block.Cidr) || !IsCidr(block.Cidr, path.Child("cidr"), errors))
        {
            return;
        }
        var whole = Parse(block.Cidr);
        for (var i = 0; i < block.Except.Count; i++)
        {
            var at = path.Child("except").Index(i);
            if (!IsCidr(block.Except[i], at, errors))
            {
                continue;
            }
            var part = Parse(block.Except[i]);
            if (!whole.Contains(part.BaseAddress) || whole.PrefixLength >= part.PrefixLength)
            {
                errors.Invalid(at, block.Except[i], "must be a strict subset of `cidr`");
            }
        }
    }

    private static bool IsCidr(string text, FieldPath path, FieldErrors errors)
    {
        if (NameFormats.IsCidr(text))
        {
            return true;
        }
        errors.Invalid(path, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
        return false;
    }

    /// <summary>The network; bits of the address past the prefix are let pass, as Kubernetes does.</summary>
    private static IPNetwork Parse(string cidr)
    {
        var slash = cidr.IndexOf('/', StringComparison.Ordinal);
        var bytes = IPAddress.Parse(cidr[..slash]).GetAddressBytes();
        var prefix = int.Parse(cidr[(slash + 1)..], System.Globalization.CultureInfo.InvariantCulture);
        for (var bit = prefix; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }
        return new IPNetwork(new IPAddress(bytes), prefix);
    }
}
