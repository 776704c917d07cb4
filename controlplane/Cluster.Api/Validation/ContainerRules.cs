using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>What holds for every container, init or not.</summary>
internal static class ContainerRules
{
    public static void Check(Container container, IReadOnlyDictionary<string, VolumeSource> volumes, FieldPath path, FieldErrors errors)
    {
        if (errors.Present(path.Child("name"), container.Name))
        {
            errors.Format(path.Child("name"), container.Name, NameFormats.Dns1123Label);
        }
        errors.Present(path.Child("image"), container.Image);
        errors.OneOf(path.Child("terminationMessagePolicy"), container.TerminationMessagePolicy, "File", "FallbackToLogsOnError");
        Ports(container.Ports, path.Child("ports"), errors);
        EnvRules.Check(container, path, errors);
        VolumeMountRules.Check(container, volumes, path, errors);
        errors.OneOf(path.Child("imagePullPolicy"), container.ImagePullPolicy, "Always", "IfNotPresent", "Never");
        ResourceRules.Check(container.Resources, path.Child("resources"), errors);
        SecurityContextRules.OfContainer(container.SecurityContext, path.Child("securityContext"), errors);
    }

    private static void Ports(IReadOnlyList<ContainerPort> ports, FieldPath path, FieldErrors errors)
    {
        var names = new HashSet<string>();
        for (var i = 0; i < ports.Count; i++)
        {
            var (port, at) = (ports[i], path.Index(i));
            PortName(port.Name, names, at.Child("name"), errors);
            if (port.ContainerPort_ == 0)
            {
                errors.Required(at.Child("containerPort"));
            }
            else if (port.ContainerPort_ is < 1 or > ushort.MaxValue)
            {
                errors.Invalid(at.Child("containerPort"), port.ContainerPort_, NameFormats.PortNumber(port.ContainerPort_));
            }
            if (port.HostPort != 0)
            {
                errors.Invalid(at.Child("hostPort"), port.HostPort, NameFormats.PortNumber(port.HostPort));
            }
            errors.OneOf(at.Child("protocol"), port.Protocol, EndpointsRules.Protocols);
        }
    }

    private static void PortName(string name, HashSet<string> names, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            return;
        }
        var count = errors.Found;
        errors.Format(path, name, NameFormats.PortName);
        if (errors.Found == count && !names.Add(name))
        {
            errors.Duplicate(path, name);
        }
    }
}
