using Cluster.Api;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.Custom;
using Cluster.ApiServer.Strategies;

namespace Cluster.ApiServer.CustomResources;

/// <summary>Which names of a definition no other kind of its group has.</summary>
internal static class AcceptedNames
{
    private const string NamesAccepted = "NamesAccepted";
    private const string Settled = "the initial names have been accepted";

    /// <summary>Sets the accepted names and the conditions that follow from them.</summary>
    /// <param name="definition">Changed.</param>
    /// <param name="all">All definitions, itself among them.</param>
    /// <param name="time">For the conditions.</param>
    public static void Settle(CustomResourceDefinition definition, IEnumerable<CustomResourceDefinition> all, TimeProvider time)
    {
        var (wanted, status) = (definition.Spec.Names, definition.Status ??= new CustomResourceDefinitionStatus());
        var accepted = (status.AcceptedNames ?? new CustomResourceDefinitionNames()).Clone();
        var taken = Taken.By(definition, all);
        List<(string Reason, string Message)> conflicts = [];

        accepted.Plural = Choose(wanted.Plural, accepted.Plural, taken.Resources, "PluralConflict");
        accepted.Singular = Choose(wanted.Singular, accepted.Singular, taken.Resources, "SingularConflict");
        ChooseShort();
        accepted.Kind = Choose(wanted.Kind, accepted.Kind, taken.Kinds, "KindConflict");
        accepted.ListKind = Choose(wanted.ListKind, accepted.ListKind, taken.Kinds, "ListKindConflict");
        accepted.Categories.Clear();
        accepted.Categories.Add(wanted.Categories);
        status.AcceptedNames = accepted;
        Tell(definition, conflicts, time);

        string Choose(string name, string had, HashSet<string> used, string reason)
        {
            if (name == had || !used.Contains(name))
                return name;
            conflicts.Add((reason, $"{GoText.Quote(name)} is already in use"));
            return had;
        }

        void ChooseShort()
        {
            var used = wanted.ShortNames.Where(name => !accepted.ShortNames.Contains(name) && taken.Resources.Contains(name)).ToList();
            if (used.Count > 0)
            {
                var text = used.Select(name => $"{GoText.Quote(name)} is already in use").ToList();
                conflicts.Add(("ShortNamesConflict", text.Count == 1 ? text[0] : $"[{string.Join(", ", text)}]"));
                return;
            }

            accepted.ShortNames.Clear();
            accepted.ShortNames.Add(wanted.ShortNames);
        }
    }

    private static void Tell(CustomResourceDefinition definition, List<(string Reason, string Message)> conflicts, TimeProvider time)
    {
        if (conflicts.Count > 0)
        {
            DefinitionConditions.Set(definition, NamesAccepted, false, conflicts[^1].Reason, conflicts[^1].Message, time);
            // Once established a kind stays so, under the names it has.
            if (!CustomKinds.IsEstablished(definition))
                DefinitionConditions.Set(definition, CustomKinds.Established, false, "NotAccepted", "not all names are accepted", time);
            return;
        }

        DefinitionConditions.Set(definition, NamesAccepted, true, "NoConflicts", "no conflicts found", time);
        if (!CustomKinds.IsEstablished(definition))
            DefinitionConditions.Set(definition, CustomKinds.Established, true, "InitialNamesAccepted", Settled, time);
    }

    private sealed record Taken(HashSet<string> Resources, HashSet<string> Kinds)
    {
        public static Taken By(CustomResourceDefinition definition, IEnumerable<CustomResourceDefinition> all)
        {
            var taken = new Taken(new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
            foreach (var type in ResourceCatalog.All.Where(type => type.Group == definition.Spec.Group))
            {
                taken.Resources.UnionWith([type.Plural, type.Singular, .. type.ShortNames]);
                taken.Kinds.UnionWith([type.Kind, type.ListKind]);
            }

            var others = all.Where(other => other.Spec.Group == definition.Spec.Group && other.Metadata.Name != definition.Metadata.Name);
            foreach (var names in others.Select(other => other.Status?.AcceptedNames).OfType<CustomResourceDefinitionNames>())
            {
                taken.Resources.UnionWith([names.Plural, names.Singular, .. names.ShortNames]);
                taken.Kinds.UnionWith([names.Kind, names.ListKind]);
            }

            return taken;
        }
    }
}
