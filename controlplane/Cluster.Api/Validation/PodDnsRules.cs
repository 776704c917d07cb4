using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>What a pod's resolv.conf and hosts file will hold; the limits are those of C libraries.</summary>
internal static class PodDnsRules
{
    private const int MaxNameservers = 3;
    private const int MaxSearches = 32;
    private const int MaxSearchCharacters = 2048;

    public static void Check(PodSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.DnsPolicy == "None" && !HasNameserver(spec.DnsConfig, path, errors))
        {
            return;
        }
        if (spec.DnsConfig is { } config)
        {
            Config(config, path, errors);
        }
    }

    public static void HostAliases(IReadOnlyList<HostAlias> aliases, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < aliases.Count; i++)
        {
            errors.Format(path.Index(i).Child("ip"), aliases[i].Ip, NameFormats.IP);
            for (var h = 0; h < aliases[i].Hostnames.Count; h++)
            {
                errors.Format(path.Index(i).Child("hostnames").Index(h), aliases[i].Hostnames[h], NameFormats.Dns1123Subdomain);
            }
        }
    }

    private static bool HasNameserver(PodDNSConfig? config, FieldPath path, FieldErrors errors)
    {
        if (config is null)
        {
            errors.Required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
            return false;
        }
        if (config.Nameservers.Count == 0)
        {
            errors.Required(path.Child("nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None");
            return false;
        }
        return true;
    }

    private static void Config(PodDNSConfig config, FieldPath path, FieldErrors errors)
    {
        if (config.Nameservers.Count > MaxNameservers)
        {
            errors.Invalid(path.Child("nameservers"), config.Nameservers, $"must not have more than {MaxNameservers} nameservers");
        }
        for (var i = 0; i < config.Nameservers.Count; i++)
        {
            errors.Format(path.Child("nameservers").Index(i), config.Nameservers[i], NameFormats.IP);
        }
        Searches(config, path.Child("searches"), errors);
        for (var i = 0; i < config.Options.Count; i++)
        {
            if (config.Options[i].Name.Length == 0)
            {
                errors.Required(path.Child("options").Index(i), "must not be empty");
            }
        }
    }

    private static void Searches(PodDNSConfig config, FieldPath path, FieldErrors errors)
    {
        if (config.Searches.Count > MaxSearches)
        {
            errors.Invalid(path, config.Searches, $"must not have more than {MaxSearches} search paths");
        }
        if (string.Join(' ', config.Searches).Length > MaxSearchCharacters)
        {
            errors.Invalid(
                path, config.Searches,
                $"must not have more than {MaxSearchCharacters} characters (including spaces) in the search list");
        }
        for (var i = 0; i < config.Searches.Count; i++)
        {
            var search = config.Searches[i];
            var name = search.EndsWith('.') ? search[..^1] : search;
            errors.Invalid(path.Index(i), name, NameFormats.Dns1123Subdomain(name));
        }
    }
}
