using Cluster.Api.Apply.Fields;
using Cluster.Api.Apply.Managers;
using Cluster.Api.MetaV1;

namespace Cluster.Api.Apply;

/// <summary>Who owns the replicas of a workload, as its scale shows it, and back. In both the replicas are <c>spec.replicas</c>.</summary>
public static class ScaleOwners
{
    private const string ScaleVersion = "autoscaling/v1";

    private static readonly PathElement[] Path = [PathElement.Field("spec"), PathElement.Field("replicas")];
    private static readonly FieldSet Replicas = FieldSet.Of(["spec", "replicas"]);

    /// <summary>The entries of a workload that own its replicas, as entries of its scale.</summary>
    public static IReadOnlyList<ManagedFieldsEntry> ToScale(IReadOnlyList<ManagedFieldsEntry> parent, string apiVersion)
    {
        var managers = new ManagerList();
        foreach (var manager in Read(parent).All)
        {
            if (manager.ApiVersion == apiVersion && manager.Fields.Has(Path))
                managers.Put(new Manager(Id(manager, ScaleVersion), ScaleVersion, Replicas) { Time = manager.Time });
        }

        return managers.ToEntries();
    }

    /// <summary>The entries of the workload after its scale was written.</summary>
    /// <param name="parent">Its entries before.</param>
    /// <param name="scale">The entries of the scale after the write.</param>
    /// <param name="apiVersion">Of the workload.</param>
    public static IReadOnlyList<ManagedFieldsEntry> ToParent(
        IReadOnlyList<ManagedFieldsEntry> parent, IReadOnlyList<ManagedFieldsEntry> scale, string apiVersion)
    {
        var owners = Read(scale);
        var managers = new ManagerList();
        foreach (var manager in Read(parent).All)
        {
            if (manager.ApiVersion == apiVersion && manager.Fields.Has(Path))
            {
                if (owners.Find(Id(manager, ScaleVersion)) is { } kept)
                    owners.Remove(kept);
                else if ((manager.Fields = manager.Fields.Difference(Replicas)).IsEmpty)
                    continue;
            }

            managers.Put(manager);
        }

        foreach (var owner in owners.All.Where(owner => owner.Fields.Has(Path)))
            managers.Put(new Manager(Id(owner, apiVersion), apiVersion, Replicas) { Time = owner.Time });
        return managers.ToEntries();
    }

    private static ManagerId Id(Manager manager, string apiVersion) => manager.Id with { ApiVersion = manager.Id.IsApply ? "" : apiVersion };

    private static ManagerList Read(IReadOnlyList<ManagedFieldsEntry> entries)
    {
        try
        {
            return ManagerList.Read(entries);
        }
        catch (FormatException)
        {
            return new ManagerList();
        }
    }
}
