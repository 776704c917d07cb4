using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

internal sealed class NodeRules : KindRules<Node>
{
    private static readonly FieldPath PodCidrs = FieldPath.Spec.Child("podCIDRs");
    private static readonly NodeSpec NoSpec = new();

    protected override void Check(Node obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? NoSpec;
        Taints(spec.Taints, FieldPath.Metadata.Child("taints"), errors);
        Cidrs(spec.PodCIDRs, errors);
        Resources(obj.Status, errors);
    }

    protected override void CheckUpdate(Node obj, Node before, FieldErrors errors)
    {
        var (spec, old) = (obj.Spec ?? NoSpec, before.Spec ?? NoSpec);
        if (old.PodCIDRs.Count > 0 && !spec.PodCIDRs.Equals(old.PodCIDRs))
        {
            errors.Forbidden(PodCidrs, "node updates may not change podCIDR except from \"\" to valid");
        }
        if (old.ProviderID.Length > 0 && spec.ProviderID != old.ProviderID)
        {
            errors.Forbidden(FieldPath.Spec.Child("providerID"), "node updates may not change providerID except from \"\" to valid");
        }
        if (spec.ExternalID != old.ExternalID)
        {
            errors.Forbidden(FieldPath.Spec.Child("externalID"), "may not be updated");
        }
        Addresses(obj.Status, errors);
    }

    protected override void CheckStatus(Node obj, Node before, FieldErrors errors)
    {
        Resources(obj.Status, errors);
        Addresses(obj.Status, errors);
    }

    private static void Taints(IReadOnlyList<Taint> taints, FieldPath path, FieldErrors errors)
    {
        var seen = new HashSet<(string, string)>();
        for (var i = 0; i < taints.Count; i++)
        {
            var (taint, at) = (taints[i], path.Index(i));
            errors.Format(at.Child("key"), taint.Key, NameFormats.QualifiedName);
            if (string.Join(';', NameFormats.LabelValue(taint.Value)) is { Length: > 0 } complaints)
            {
                errors.Invalid(at.Child("value"), taint.Value, complaints);
            }
            if (errors.Present(at.Child("effect"), taint.Effect))
            {
                PlacementRules.TaintEffect(taint.Effect, at.Child("effect"), errors);
            }
            if (!seen.Add((taint.Key, taint.Effect)))
            {
                errors.Add(new FieldError(FieldErrorType.Duplicate, at.ToString(), taint, "taints must be unique by key and effect pair"));
            }
        }
    }

    private static void Cidrs(IReadOnlyList<string> cidrs, FieldErrors errors)
    {
        for (var i = 0; i < cidrs.Count; i++)
        {
            if (!NameFormats.IsCidr(cidrs[i]))
            {
                errors.Invalid(PodCidrs.Index(i), cidrs[i], "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
            }
        }
        var families = cidrs.Select(cidr => cidr.Contains(':', StringComparison.Ordinal)).Distinct().Count();
        if (cidrs.Count > Math.Max(families, 1))
        {
            errors.Invalid(PodCidrs, cidrs, "may specify no more than one CIDR for each IP family");
        }
        for (var i = 1; i < cidrs.Count; i++)
        {
            if (cidrs.Take(i).Contains(cidrs[i]))
            {
                errors.Duplicate(PodCidrs.Index(i), cidrs[i]);
            }
        }
    }

    private static void Resources(NodeStatus? status, FieldErrors errors)
    {
        foreach (var (name, quantity) in status?.Capacity ?? [])
        {
            ResourceRules.Amount(name, quantity, FieldPath.Status.Child("capacity").Child(name), errors);
        }
        foreach (var (name, quantity) in status?.Allocatable ?? [])
        {
            ResourceRules.Amount(name, quantity, FieldPath.Status.Child("allocatable").Child(name), errors);
        }
    }

    private static void Addresses(NodeStatus? status, FieldErrors errors)
    {
        for (var i = 0; i < status?.Addresses.Count; i++)
        {
            if (status.Addresses.IndexOf(status.Addresses[i]) < i)
            {
                errors.Duplicate(FieldPath.Status.Child("addresses").Index(i), status.Addresses[i]);
            }
        }
    }
}
