using Cluster.Api.CoreV1;
using Cluster.Api.NetworkingV1;

namespace Cluster.Api.Validation;

/// <summary>Paths of an ingress and what stands behind them.</summary>
internal static class IngressPathRules
{
    private static readonly string[] BadSequences = ["//", "/./", "/../", "%2f", "%2F"];
    private static readonly string[] BadEndings = ["/..", "/."];

    public static void Check(HTTPIngressPath path, FieldPath at, FieldErrors errors)
    {
        if (!path.HasPathType)
        {
            errors.Required(at.Child("pathType"), "pathType must be specified");
            return;
        }
        switch (path.PathType)
        {
            case "Exact" or "Prefix":
                Absolute(path.Path, at.Child("path"), errors);
                Clean(path.Path, at.Child("path"), errors);
                break;
            case "ImplementationSpecific":
                if (path.Path.Length > 0)
                {
                    Absolute(path.Path, at.Child("path"), errors);
                }
                break;
            default:
                errors.NotSupported(at.Child("pathType"), path.PathType, ["Exact", "ImplementationSpecific", "Prefix"]);
                break;
        }
        Backend(path.Backend ?? new IngressBackend(), at.Child("backend"), errors);
    }

    public static void Backend(IngressBackend backend, FieldPath path, FieldErrors errors)
    {
        switch (backend)
        {
            case { Resource: not null, Service: not null }:
                errors.Invalid(path, "", "cannot set both resource and service backends");
                break;
            case { Resource: { } resource }:
                Reference(resource, path.Child("resource"), errors);
                break;
            case { Service: { } service }:
                Service(service, path, errors);
                break;
            default:
                errors.Invalid(path, "", "resource or service backend is required");
                break;
        }
    }

    /// <summary>An object of the ingress' own namespace.</summary>
    private static void Reference(TypedLocalObjectReference reference, FieldPath path, FieldErrors errors)
    {
        if (reference.HasApiGroup)
        {
            errors.Format(path.Child("apiGroup"), reference.ApiGroup, NameFormats.Dns1123Subdomain);
        }
        if (errors.Present(path.Child("kind"), reference.Kind))
        {
            errors.Format(path.Child("kind"), reference.Kind, NameFormats.PathSegment);
        }
        if (errors.Present(path.Child("name"), reference.Name))
        {
            errors.Format(path.Child("name"), reference.Name, NameFormats.PathSegment);
        }
    }

    private static void Service(IngressServiceBackend service, FieldPath path, FieldErrors errors)
    {
        var at = path.Child("service");
        if (errors.Present(at.Child("name"), service.Name))
        {
            errors.Format(at.Child("name"), service.Name, NameFormats.Dns1035Label);
        }
        switch (service.Port ?? new ServiceBackendPort())
        {
            case { Name.Length: > 0, Number: not 0 }:
                errors.Invalid(path, "", "cannot set both port name & port number");
                break;
            case { Name: { Length: > 0 } name }:
                errors.Format(at.Child("port").Child("name"), name, NameFormats.PortName);
                break;
            case { Number: not 0 and var number }:
                errors.Invalid(at.Child("port").Child("number"), number, NameFormats.PortNumber(number));
                break;
            default:
                errors.Required(path, "port name or number is required");
                break;
        }
    }

    private static void Absolute(string value, FieldPath path, FieldErrors errors)
    {
        if (!value.StartsWith('/'))
        {
            errors.Invalid(path, value, "must be an absolute path");
        }
    }

    private static void Clean(string value, FieldPath path, FieldErrors errors)
    {
        foreach (var bad in BadSequences.Where(bad => value.Contains(bad, StringComparison.Ordinal)))
        {
            errors.Invalid(path, value, $"must not contain '{bad}'");
        }
        foreach (var bad in BadEndings.Where(bad => value.EndsWith(bad, StringComparison.Ordinal)))
        {
            errors.Invalid(path, value, $"cannot end with '{bad}'");
        }
    }
}
