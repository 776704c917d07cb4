using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>Services; ranges and clashes of addresses and node ports are the allocator's.</summary>
internal sealed class ServiceRules : KindRules<Service>
{
    private const int MaxAffinitySeconds = 86400;
    private const int KubeletPort = 10250;
    private static readonly FieldPath Spec = FieldPath.Spec;
    private static readonly ServiceSpec NoSpec = new();

    protected override IEnumerable<string> NameFormat(string name) => NameFormats.Dns1035Label(name);

    protected override void Check(Service obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? NoSpec;
        if (spec.Ports.Count == 0 && !IsHeadless(spec) && spec.Type != "ExternalName")
        {
            errors.Required(Spec.Child("ports"));
        }
        Type(spec, errors);
        ServicePortRules.Check(spec, Spec.Child("ports"), errors);
        ObjectMetaRules.Labels(spec.Selector, Spec.Child("selector"), errors);
        Affinity(spec, errors);
        ServiceAddressRules.Check(spec, errors);
        LoadBalancer(spec, errors);
        TrafficPolicies(spec, errors);
    }

    protected override void CheckUpdate(Service obj, Service before, FieldErrors errors)
    {
        ServiceAddressRules.CheckUpdate(obj.Spec ?? NoSpec, before.Spec ?? NoSpec, errors);
        if (NeedsHealthCheck(before.Spec) && NeedsHealthCheck(obj.Spec)
            && obj.Spec!.HealthCheckNodePort != before.Spec!.HealthCheckNodePort)
        {
            errors.Forbidden(Spec.Child("healthCheckNodePort"), FieldErrors.Immutable);
        }
        if (obj.Spec is { Type: "LoadBalancer" } spec && before.Spec is { Type: "LoadBalancer" } old && !IsSameClass(spec, old))
        {
            errors.Invalid(Spec.Child("loadBalancerClass"), spec.HasLoadBalancerClass ? spec.LoadBalancerClass : null, "may not change once set");
        }
    }

    protected override void CheckStatus(Service obj, Service before, FieldErrors errors)
    {
        var ingress = obj.Status?.LoadBalancer?.Ingress;
        for (var i = 0; i < ingress?.Count; i++)
        {
            var (entry, path) = (ingress[i], FieldPath.Status.Child("loadBalancer").Child("ingress").Index(i));
            errors.OptionalFormat(path.Child("ip"), entry.Ip, NameFormats.IP);
            errors.OptionalFormat(path.Child("hostname"), entry.Hostname, NameFormats.Dns1123Subdomain);
            if (NameFormats.IsIP(entry.Hostname))
            {
                errors.Invalid(path.Child("hostname"), entry.Hostname, "must be a DNS name, not an IP address");
            }
        }
    }

    internal static bool IsHeadless(ServiceSpec spec) => spec.ClusterIPs is ["None"] || spec.ClusterIP == "None";

    private static void Type(ServiceSpec spec, FieldErrors errors)
    {
        errors.OneOf(Spec.Child("type"), spec.Type, "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
        if (spec.Type is "LoadBalancer" or "NodePort" && IsHeadless(spec))
        {
            errors.Invalid(Spec.Child("clusterIPs").Index(0), "None", $"may not be set to 'None' for {spec.Type} services");
        }
        if (spec.Type == "ExternalName")
        {
            ExternalName(spec, errors);
        }
        for (var i = 0; spec.Type == "LoadBalancer" && i < spec.Ports.Count; i++)
        {
            // Load balancers open what they serve to the world.
            if (spec.Ports[i].Port == KubeletPort)
            {
                errors.Invalid(Spec.Child("ports").Index(i), KubeletPort, $"may not expose port {KubeletPort} externally since it is used by kubelet");
            }
        }
    }

    private static void ExternalName(ServiceSpec spec, FieldErrors errors)
    {
        const string notHere = "may not be set for ExternalName services";
        if (spec.ClusterIPs.Count > 0)
        {
            errors.Forbidden(Spec.Child("clusterIPs"), notHere);
        }
        if (spec.IpFamilies.Count > 0)
        {
            errors.Forbidden(Spec.Child("ipFamilies"), notHere);
        }
        if (spec.HasIpFamilyPolicy)
        {
            errors.Forbidden(Spec.Child("ipFamilyPolicy"), notHere);
        }
        var name = spec.ExternalName.EndsWith('.') ? spec.ExternalName[..^1] : spec.ExternalName;
        if (errors.Present(Spec.Child("externalName"), name))
        {
            errors.Format(Spec.Child("externalName"), name, NameFormats.Dns1123Subdomain);
        }
    }

    private static void Affinity(ServiceSpec spec, FieldErrors errors)
    {
        errors.OneOf(Spec.Child("sessionAffinity"), spec.SessionAffinity, "ClientIP", "None");
        var path = Spec.Child("sessionAffinityConfig");
        if (spec.SessionAffinity == "None" && spec.SessionAffinityConfig is not null)
        {
            errors.Forbidden(path, "must not be set when session affinity is None");
        }
        if (spec.SessionAffinity != "ClientIP")
        {
            return;
        }
        const string needed = "when session affinity type is ClientIP";
        var client = path.Child("clientIP");
        var timeout = client.Child("timeoutSeconds");
        switch (spec.SessionAffinityConfig)
        {
            case null:
                errors.Required(path, needed);
                break;
            case { ClientIP: null }:
                errors.Required(client, needed);
                break;
            case { ClientIP.HasTimeoutSeconds: false }:
                errors.Required(timeout, needed);
                break;
            case { ClientIP.TimeoutSeconds: <= 0 or > MaxAffinitySeconds } config:
                errors.Invalid(timeout, config.ClientIP.TimeoutSeconds, $"must be greater than 0 and less than {MaxAffinitySeconds}");
                break;
        }
    }

    private static void LoadBalancer(ServiceSpec spec, FieldErrors errors)
    {
        const string onlyHere = "may only be used when `type` is 'LoadBalancer'";
        var isLoadBalancer = spec.Type == "LoadBalancer";
        var ranges = Spec.Child("LoadBalancerSourceRanges");
        if (spec.LoadBalancerSourceRanges.Count > 0 && !isLoadBalancer)
        {
            errors.Forbidden(ranges, onlyHere);
        }
        for (var i = 0; i < spec.LoadBalancerSourceRanges.Count; i++)
        {
            var range = spec.LoadBalancerSourceRanges[i].Trim();
            if (!NameFormats.IsCidr(range))
            {
                errors.Invalid(ranges.Index(i), range, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
            }
        }
        if (spec.HasAllocateLoadBalancerNodePorts && !isLoadBalancer)
        {
            errors.Forbidden(Spec.Child("allocateLoadBalancerNodePorts"), onlyHere);
        }
        if (spec.HasLoadBalancerClass && !isLoadBalancer)
        {
            errors.Forbidden(Spec.Child("loadBalancerClass"), onlyHere);
        }
        else if (spec.HasLoadBalancerClass)
        {
            errors.Format(Spec.Child("loadBalancerClass"), spec.LoadBalancerClass, NameFormats.QualifiedName);
        }
    }

    private static bool IsSameClass(ServiceSpec spec, ServiceSpec before) =>
        spec.HasLoadBalancerClass == before.HasLoadBalancerClass && spec.LoadBalancerClass == before.LoadBalancerClass;

    private static void TrafficPolicies(ServiceSpec spec, FieldErrors errors)
    {
        var external = Spec.Child("externalTrafficPolicy");
        var reachable = spec.Type is "NodePort" or "LoadBalancer" || (spec.Type == "ClusterIP" && spec.ExternalIPs.Count > 0);
        if (reachable)
        {
            errors.OptionalOneOf(external, spec.ExternalTrafficPolicy, "Cluster", "Local");
        }
        else if (spec.ExternalTrafficPolicy.Length > 0)
        {
            errors.Invalid(external, spec.ExternalTrafficPolicy, "may only be set for externally-accessible services");
        }
        if (spec.HealthCheckNodePort != 0 && !NeedsHealthCheck(spec))
        {
            errors.Invalid(
                Spec.Child("healthCheckNodePort"), spec.HealthCheckNodePort,
                "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
        }
        else if (spec.HealthCheckNodePort != 0)
        {
            errors.Invalid(Spec.Child("healthCheckNodePort"), spec.HealthCheckNodePort, NameFormats.PortNumber(spec.HealthCheckNodePort));
        }
        if (spec.HasInternalTrafficPolicy)
        {
            errors.OptionalOneOf(Spec.Child("internalTrafficPolicy"), spec.InternalTrafficPolicy, "Cluster", "Local");
        }
        if (spec.HasTrafficDistribution)
        {
            errors.OptionalOneOf(Spec.Child("trafficDistribution"), spec.TrafficDistribution, "PreferClose");
        }
    }

    private static bool NeedsHealthCheck(ServiceSpec? spec) => spec is { Type: "LoadBalancer", ExternalTrafficPolicy: "Local" };
}
