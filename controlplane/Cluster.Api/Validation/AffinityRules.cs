using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>Attraction and repulsion between a pod and nodes, and between pods.</summary>
internal static class AffinityRules
{
    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
    private const string Preferred = "preferredDuringSchedulingIgnoredDuringExecution";

    public static void Check(Affinity affinity, FieldPath path, FieldErrors errors)
    {
        if (affinity.NodeAffinity is { } node)
        {
            OfNodes(node, path.Child("nodeAffinity"), errors);
        }
        if (affinity.PodAffinity is { } pod)
        {
            OfPods(
                pod.RequiredDuringSchedulingIgnoredDuringExecution, pod.PreferredDuringSchedulingIgnoredDuringExecution,
                path.Child("podAffinity"), errors);
        }
        if (affinity.PodAntiAffinity is { } anti)
        {
            OfPods(
                anti.RequiredDuringSchedulingIgnoredDuringExecution, anti.PreferredDuringSchedulingIgnoredDuringExecution,
                path.Child("podAntiAffinity"), errors);
        }
    }

    /// <summary>The nodes a volume can be reached from.</summary>
    public static void OfVolume(VolumeNodeAffinity affinity, FieldPath path, FieldErrors errors)
    {
        if (affinity.Required is { } required)
        {
            Selector(required, path.Child("required"), errors);
        }
        else
        {
            errors.Required(path.Child("required"), "must specify required node constraints");
        }
    }

    private static void Selector(NodeSelector selector, FieldPath path, FieldErrors errors)
    {
        var terms = path.Child("nodeSelectorTerms");
        if (selector.NodeSelectorTerms.Count == 0)
        {
            errors.Required(terms, "must have at least one node selector term");
        }
        for (var i = 0; i < selector.NodeSelectorTerms.Count; i++)
        {
            NodeTerm(selector.NodeSelectorTerms[i], checkValues: true, terms.Index(i), errors);
        }
    }

    private static void OfNodes(NodeAffinity affinity, FieldPath path, FieldErrors errors)
    {
        if (affinity.RequiredDuringSchedulingIgnoredDuringExecution is { } required)
        {
            Selector(required, path.Child(Required), errors);
        }
        for (var i = 0; i < affinity.PreferredDuringSchedulingIgnoredDuringExecution.Count; i++)
        {
            var (term, at) = (affinity.PreferredDuringSchedulingIgnoredDuringExecution[i], path.Child(Preferred).Index(i));
            Weight(term.Weight, at.Child("weight"), errors);
            NodeTerm(term.Preference ?? new NodeSelectorTerm(), checkValues: false, at.Child("preference"), errors);
        }
    }

    private static void NodeTerm(NodeSelectorTerm term, bool checkValues, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < term.MatchExpressions.Count; i++)
        {
            NodeLabel(term.MatchExpressions[i], checkValues, path.Child("matchExpressions").Index(i), errors);
        }
        for (var i = 0; i < term.MatchFields.Count; i++)
        {
            NodeField(term.MatchFields[i], path.Child("matchFields").Index(i), errors);
        }
    }

    private static void NodeLabel(NodeSelectorRequirement requirement, bool checkValues, FieldPath path, FieldErrors errors)
    {
        switch (requirement.Operator)
        {
            case "In" or "NotIn" when requirement.Values.Count == 0:
                errors.Required(path.Child("values"), LabelSelectorRules.NeedsValues);
                break;
            case "Exists" or "DoesNotExist" when requirement.Values.Count > 0:
                errors.Forbidden(path.Child("values"), LabelSelectorRules.TakesNoValues);
                break;
            case "Gt" or "Lt" when requirement.Values.Count != 1:
                errors.Required(path.Child("values"), "must be specified single value when `operator` is 'Lt' or 'Gt'");
                break;
            case "In" or "NotIn" or "Exists" or "DoesNotExist" or "Gt" or "Lt":
                break;
            default:
                errors.Invalid(path.Child("operator"), requirement.Operator, LabelSelectorRules.BadOperator);
                break;
        }
        errors.Format(path.Child("key"), requirement.Key, NameFormats.QualifiedName);
        for (var i = 0; checkValues && i < requirement.Values.Count; i++)
        {
            errors.Format(path.Child("values").Index(i), requirement.Values[i], NameFormats.LabelValue);
        }
    }

    private static void NodeField(NodeSelectorRequirement requirement, FieldPath path, FieldErrors errors)
    {
        if (requirement.Operator is not ("In" or "NotIn"))
        {
            errors.Invalid(path.Child("operator"), requirement.Operator, LabelSelectorRules.BadOperator);
        }
        else if (requirement.Values.Count != 1)
        {
            errors.Required(path.Child("values"), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
        }
        if (requirement.Key != "metadata.name")
        {
            errors.Invalid(path.Child("key"), requirement.Key, "not a valid field selector key");
            return;
        }
        for (var i = 0; i < requirement.Values.Count; i++)
        {
            errors.Format(path.Child("values").Index(i), requirement.Values[i], NameFormats.Dns1123Subdomain);
        }
    }

    private static void OfPods(
        IReadOnlyList<PodAffinityTerm> required, IReadOnlyList<WeightedPodAffinityTerm> preferred, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < required.Count; i++)
        {
            PodTerm(required[i], path.Child(Required).Index(i), errors);
        }
        for (var i = 0; i < preferred.Count; i++)
        {
            var at = path.Child(Preferred).Index(i);
            Weight(preferred[i].Weight, at.Child("weight"), errors);
            PodTerm(preferred[i].PodAffinityTerm ?? new PodAffinityTerm(), at.Child("podAffinityTerm"), errors);
        }
    }

    private static void PodTerm(PodAffinityTerm term, FieldPath path, FieldErrors errors)
    {
        LabelSelectorRules.Check(term.LabelSelector, path.Child("labelSelector"), errors);
        LabelSelectorRules.Check(term.NamespaceSelector, path.Child("namespaceSelector"), errors);
        foreach (var ns in term.Namespaces)
        {
            errors.Format(path.Child("namespace"), ns, NameFormats.Dns1123Label);
        }
        PlacementRules.TopologyKey(term.TopologyKey, path.Child("topologyKey"), errors);
        errors.Format(path.Child("topologyKey"), term.TopologyKey, NameFormats.QualifiedName);
    }

    private static void Weight(int weight, FieldPath path, FieldErrors errors)
    {
        if (weight is <= 0 or > 100)
        {
            errors.Invalid(path, weight, "must be in the range 1-100");
        }
    }
}
