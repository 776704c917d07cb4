using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>The addresses and address families of a service.</summary>
internal static class ServiceAddressRules
{
    private static readonly FieldPath ClusterIPs = FieldPath.Spec.Child("clusterIPs");
    private static readonly FieldPath Families = FieldPath.Spec.Child("ipFamilies");

    public static void Check(ServiceSpec spec, FieldErrors errors)
    {
        ExternalAddresses(spec, errors);
        if (spec.Type == "ExternalName")
        {
            return;
        }
        Policy(spec, errors);
        FamilyList(spec, errors);
        AddressList(spec, errors);
    }

    /// <summary>The first address stays for life, unless the service has been or becomes a mere name.</summary>
    public static void CheckUpdate(ServiceSpec spec, ServiceSpec before, FieldErrors errors)
    {
        if (spec.Type == "ExternalName" || before.Type == "ExternalName" || before.ClusterIPs.Count == 0)
        {
            return;
        }
        if (spec.ClusterIPs.Count == 0 || spec.ClusterIPs[0] != before.ClusterIPs[0])
        {
            errors.Invalid(ClusterIPs.Index(0), spec.ClusterIPs.Take(1), "may not change once set");
        }
        if (spec.ClusterIPs.Count == 2 && before.ClusterIPs.Count == 2 && spec.ClusterIPs[1] != before.ClusterIPs[1])
        {
            errors.Invalid(ClusterIPs.Index(1), new[] { spec.ClusterIPs[1] }, "may not change once set");
        }
        if (spec.ClusterIPs.Count < before.ClusterIPs.Count && spec.IpFamilyPolicy != "SingleStack")
        {
            errors.Invalid(
                ClusterIPs.Index(0), spec.ClusterIPs,
                "`ipFamilyPolicy` must be set to 'SingleStack' when releasing the secondary cluster IP");
        }
    }

    private static void ExternalAddresses(ServiceSpec spec, FieldErrors errors)
    {
        for (var i = 0; i < spec.ExternalIPs.Count; i++)
        {
            EndpointsRules.RoutableAddress(spec.ExternalIPs[i], FieldPath.Spec.Child("externalIPs").Index(i), errors);
        }
    }

    private static void Policy(ServiceSpec spec, FieldErrors errors)
    {
        if (spec.HasIpFamilyPolicy)
        {
            errors.OptionalOneOf(
                FieldPath.Spec.Child("ipFamilyPolicy"), spec.IpFamilyPolicy, "PreferDualStack", "RequireDualStack", "SingleStack");
        }
    }

    private static void FamilyList(ServiceSpec spec, FieldErrors errors)
    {
        for (var i = 0; i < spec.IpFamilies.Count; i++)
        {
            errors.OneOf(Families.Index(i), spec.IpFamilies[i], "IPv4", "IPv6");
            if (spec.IpFamilies.IndexOf(spec.IpFamilies[i]) < i)
            {
                errors.Duplicate(Families.Index(i), spec.IpFamilies[i]);
            }
        }
    }

    private static void AddressList(ServiceSpec spec, FieldErrors errors)
    {
        if (spec.ClusterIPs.Count == 0)
        {
            if (spec.ClusterIP.Length > 0)
            {
                errors.Required(ClusterIPs, "");
            }
            return;
        }
        if (spec.ClusterIPs[0] != spec.ClusterIP)
        {
            errors.Invalid(ClusterIPs, spec.ClusterIPs, "first value must match `clusterIP`");
        }
        if (spec.ClusterIPs.Count > 2)
        {
            errors.Invalid(ClusterIPs, spec.ClusterIPs, "may only hold up to 2 values");
        }
        for (var i = 0; i < spec.ClusterIPs.Count; i++)
        {
            Address(spec, i, errors);
        }
        if (spec.ClusterIPs.Count == 2 && IsIPv6(spec.ClusterIPs[0]) == IsIPv6(spec.ClusterIPs[1]))
        {
            errors.Invalid(ClusterIPs, spec.ClusterIPs, "may specify no more than one IP for each IP family");
        }
    }

    private static void Address(ServiceSpec spec, int index, FieldErrors errors)
    {
        var address = spec.ClusterIPs[index];
        if (address == "None")
        {
            if (index > 0 || spec.ClusterIPs.Count > 1)
            {
                errors.Invalid(ClusterIPs.Index(index), address, "'None' must be the first and only value");
            }
        }
        else if (!NameFormats.IsIP(address))
        {
            errors.Invalid(ClusterIPs.Index(index), address, NameFormats.IP(address));
        }
        else if (index < spec.IpFamilies.Count && IsIPv6(address) != (spec.IpFamilies[index] == "IPv6"))
        {
            errors.Invalid(
                ClusterIPs.Index(index), address,
                $"expected an {spec.IpFamilies[index]} value as indicated by `ipFamilies[{index}]`");
        }
    }

    private static bool IsIPv6(string address) => address.Contains(':', StringComparison.Ordinal);
}
