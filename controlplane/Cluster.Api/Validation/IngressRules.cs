using Cluster.Api.NetworkingV1;

namespace Cluster.Api.Validation;

internal sealed class IngressRules : KindRules<Ingress>
{
    private const string ClassAnnotation = "kubernetes.io/ingress.class";

    private static readonly FieldPath Spec = FieldPath.Spec;

    protected override void Check(Ingress obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? new IngressSpec();
        if (spec.Rules.Count == 0 && spec.DefaultBackend is null)
        {
            errors.Invalid(Spec, new GoLiteral("[]networking.IngressRule(nil)"), "either `defaultBackend` or `rules` must be specified");
        }
        if (spec.DefaultBackend is { } backend)
        {
            IngressPathRules.Backend(backend, Spec.Child("defaultBackend"), errors);
        }
        for (var i = 0; i < spec.Rules.Count; i++)
        {
            Rule(spec.Rules[i], Spec.Child("rules").Index(i), errors);
        }
        for (var i = 0; i < spec.Tls.Count; i++)
        {
            Tls(spec.Tls[i], Spec.Child("tls").Index(i), errors);
        }
        if (spec.HasIngressClassName)
        {
            errors.Format(Spec.Child("ingressClassName"), spec.IngressClassName, NameFormats.Dns1123Subdomain);
        }
    }

    protected override void CheckCreate(Ingress obj, FieldErrors errors)
    {
        if (obj.Spec is { HasIngressClassName: true } spec
            && obj.Metadata?.Annotations.GetValueOrDefault(ClassAnnotation) is { } named && named != spec.IngressClassName)
        {
            errors.Invalid(
                FieldPath.Root("annotations").Child(ClassAnnotation), named, "must match `ingressClassName` when both are specified");
        }
    }

    protected override void CheckStatus(Ingress obj, Ingress before, FieldErrors errors)
    {
        var entries = obj.Status?.LoadBalancer?.Ingress ?? [];
        for (var i = 0; i < entries.Count; i++)
        {
            var (entry, at) = (entries[i], FieldPath.Status.Child("loadBalancer").Child("ingress").Index(i));
            errors.OptionalFormat(at.Child("ip"), entry.Ip, NameFormats.IP);
            errors.OptionalFormat(at.Child("hostname"), entry.Hostname, NameFormats.Dns1123Subdomain);
            NotAddress(entry.Hostname, at.Child("hostname"), errors);
        }
    }

    private static void Rule(IngressRule rule, FieldPath path, FieldErrors errors)
    {
        NotAddress(rule.Host, path.Child("host"), errors);
        Host(rule.Host, path.Child("host"), errors);
        if (rule.IngressRuleValue?.Http is not { } http)
        {
            return;
        }
        var paths = path.Child("http").Child("paths");
        if (http.Paths.Count == 0)
        {
            errors.Required(paths);
        }
        for (var i = 0; i < http.Paths.Count; i++)
        {
            IngressPathRules.Check(http.Paths[i], paths.Index(i), errors);
        }
    }

    private static void Tls(IngressTLS tls, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < tls.Hosts.Count; i++)
        {
            Host(tls.Hosts[i], path.Child("hosts").Index(i), errors);
        }
        errors.OptionalFormat(path.Child("secretName"), tls.SecretName, NameFormats.Dns1123Subdomain);
    }

    private static void Host(string host, FieldPath path, FieldErrors errors) => errors.OptionalFormat(
        path, host, host.Contains('*', StringComparison.Ordinal) ? NameFormats.WildcardSubdomain : NameFormats.Dns1123Subdomain);

    private static void NotAddress(string host, FieldPath path, FieldErrors errors)
    {
        if (NameFormats.IsIP(host))
        {
            errors.Invalid(path, host, "must be a DNS name, not an IP address");
        }
    }
}
