using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>The addresses and address families of a service.</summary>
internal static class ServiceAddressRules
{
    private static readonly FieldPath ClusterIPs = FieldPath.Spec.Child("clusterIPs");
    private static readonly FieldPath Families = FieldPath.Spec.Child("ipFamilies");
    private const string FixedOnce = "may not change once set";

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

    /// <summary>The first address and family stay for life, unless the service has been or becomes a mere name.</summary>
    public static void CheckUpdate(ServiceSpec spec, ServiceSpec before, FieldErrors errors)
    {
        if (spec.Type == "ExternalName" || before.Type == "ExternalName")
        {
            return;
        }
        var (isHeadless, wasHeadless) = (ServiceRules.IsHeadless(spec), ServiceRules.IsHeadless(before));
        if (!isHeadless || !wasHeadless)
        {
            AddressesKept(spec, before, errors);
        }
        if (!isHeadless && !wasHeadless)
        {
            FamiliesKept(spec, before, errors);
        }
    }

    private static void AddressesKept(ServiceSpec spec, ServiceSpec before, FieldErrors errors)
    {
        var (now, then) = (spec.ClusterIPs, before.ClusterIPs);
        if (now.Count == 0 && then.Count > 0)
        {
            errors.Invalid(ClusterIPs.Index(0), now, "primary clusterIP can not be unset");
        }
        // Of two addresses both are compared; where one came or went, the first.
        for (var i = 0; i < (now.Count == then.Count ? now.Count : Math.Min(1, Math.Min(now.Count, then.Count))); i++)
        {
            if (now[i] != then[i])
            {
                errors.Invalid(ClusterIPs.Index(i), now, FixedOnce);
            }
        }
        if (now.Count == 1 && then.Count > 1)
        {
            Released(spec, "clusterIP", errors);
        }
    }

    private static void FamiliesKept(ServiceSpec spec, ServiceSpec before, FieldErrors errors)
    {
        var (now, then) = (spec.IpFamilies, before.IpFamilies);
        for (var i = 0; i < (now.Count == then.Count ? now.Count : Math.Min(1, Math.Min(now.Count, then.Count))); i++)
        {
            if (now[i] != then[i])
            {
                // Where the number changes too, Kubernetes shows the addresses instead.
                object shown = now.Count == then.Count ? GoStructs.List("core.IPFamily", now.Select(GoText.Quote)) : spec.ClusterIPs;
                errors.Invalid(Families.Index(0), shown, FixedOnce);
            }
        }
        if (now.Count == 1 && then.Count > 1)
        {
            Released(spec, "ipFamily", errors);
        }
    }

    private static void Released(ServiceSpec spec, string what, FieldErrors errors)
    {
        if (spec.IpFamilyPolicy != "SingleStack")
        {
            errors.Invalid(
                FieldPath.Spec.Child("ipFamilyPolicy"), spec.HasIpFamilyPolicy ? spec.IpFamilyPolicy : null,
                $"must be set to 'SingleStack' when releasing the secondary {what}");
        }
    }

    private static void ExternalAddresses(ServiceSpec spec, FieldErrors errors)
    {
        for (var i = 0; i < spec.ExternalIPs.Count; i++)
        {
            var (address, path) = (spec.ExternalIPs[i], FieldPath.Spec.Child("externalIPs").Index(i));
            if (NameFormats.IsIP(address))
            {
                EndpointsRules.RoutableAddress(address, path, errors);
            }
            else
            {
                errors.Format(path, address, NameFormats.IP);
            }
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
        var isGood = AddressForms(spec.ClusterIPs, errors);
        if (spec.ClusterIPs.Count > 2)
        {
            errors.Invalid(ClusterIPs, spec.ClusterIPs, "may only hold up to 2 values");
        }
        // What is no address has no family either.
        if (isGood)
        {
            AddressFamilies(spec, errors);
        }
    }

    private static bool AddressForms(IList<string> addresses, FieldErrors errors)
    {
        var found = errors.Found;
        for (var i = 0; i < addresses.Count; i++)
        {
            if (i > 0 || addresses[i] != "None")
            {
                errors.Format(ClusterIPs.Index(i), addresses[i], NameFormats.IP);
            }
            else if (addresses.Count > 1)
            {
                errors.Invalid(ClusterIPs, addresses, "'None' must be the first and only value");
            }
        }
        return errors.Found == found;
    }

    private static void AddressFamilies(ServiceSpec spec, FieldErrors errors)
    {
        if (spec.ClusterIPs.Count > 1 && spec.ClusterIPs.Select(IsIPv6).Distinct().Count() == 1)
        {
            errors.Invalid(ClusterIPs, spec.ClusterIPs, "may specify no more than one IP for each IP family");
        }
        for (var i = 0; !ServiceRules.IsHeadless(spec) && i < Math.Min(spec.ClusterIPs.Count, spec.IpFamilies.Count); i++)
        {
            if (spec.IpFamilies[i] == (IsIPv6(spec.ClusterIPs[i]) ? "IPv4" : "IPv6"))
            {
                errors.Invalid(
                    ClusterIPs.Index(i), spec.ClusterIPs[i], $"expected an {spec.IpFamilies[i]} value as indicated by `ipFamilies[{i}]`");
            }
        }
    }

    private static bool IsIPv6(string address) => address.Contains(':', StringComparison.Ordinal);
}
