using Cluster.Api.CoreV1;
using Cluster.Api.IntStr;

namespace Cluster.Api.Validation;

/// <summary>The ports of a service: each alone, and together.</summary>
internal static class ServicePortRules
{
    public static void Check(ServiceSpec spec, FieldPath path, FieldErrors errors)
    {
        var names = new HashSet<string>();
        for (var i = 0; i < spec.Ports.Count; i++)
        {
            Port(spec.Ports[i], spec.Ports.Count > 1, names, path.Index(i), errors);
        }
        NodePorts(spec, path, errors);
        Unique(spec, path, errors);
    }

    /// <summary>A number, or the name of a container's port.</summary>
    public static void NumberOrName(IntOrString? port, FieldPath path, FieldErrors errors)
    {
        if (port is { Type: 1 })
        {
            errors.Format(path, port.StrVal, NameFormats.PortName);
        }
        else
        {
            errors.Invalid(path, port?.IntVal ?? 0, NameFormats.PortNumber(port?.IntVal ?? 0));
        }
    }

    private static void Port(ServicePort port, bool requireName, HashSet<string> names, FieldPath path, FieldErrors errors)
    {
        if (requireName && port.Name.Length == 0)
        {
            errors.Required(path.Child("name"));
        }
        if (port.Name.Length > 0)
        {
            errors.Format(path.Child("name"), port.Name, NameFormats.Dns1123Label);
            if (!names.Add(port.Name))
            {
                errors.Duplicate(path.Child("name"), port.Name);
            }
        }
        errors.Invalid(path.Child("port"), port.Port, NameFormats.PortNumber(port.Port));
        errors.OneOf(path.Child("protocol"), port.Protocol, EndpointsRules.Protocols);
        NumberOrName(port.TargetPort, path.Child("targetPort"), errors);
        if (port.HasAppProtocol)
        {
            errors.Format(path.Child("appProtocol"), port.AppProtocol, NameFormats.QualifiedName);
        }
    }

    private static void NodePorts(ServiceSpec spec, FieldPath path, FieldErrors errors)
    {
        var seen = new HashSet<(string, int)>();
        for (var i = 0; i < spec.Ports.Count; i++)
        {
            var (port, at) = (spec.Ports[i], path.Index(i).Child("nodePort"));
            if (port.NodePort == 0)
            {
                continue;
            }
            if (spec.Type == "ClusterIP")
            {
                errors.Forbidden(at, "may not be used when `type` is 'ClusterIP'");
            }
            if (!seen.Add((port.Protocol, port.NodePort)))
            {
                errors.Duplicate(at, port.NodePort);
            }
        }
    }

    private static void Unique(ServiceSpec spec, FieldPath path, FieldErrors errors)
    {
        var seen = new HashSet<(string, int)>();
        for (var i = 0; i < spec.Ports.Count; i++)
        {
            if (!seen.Add((spec.Ports[i].Protocol, spec.Ports[i].Port)))
            {
                errors.Duplicate(path.Index(i), new ServicePort { Protocol = spec.Ports[i].Protocol, Port = spec.Ports[i].Port });
            }
        }
    }
}
