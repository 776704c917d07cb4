using Cluster.Api.CoreV1;

namespace Cluster.Scheduler.Framework;

/// <summary>What plug-ins may know of the cluster besides nodes and their pods.</summary>
public interface IClusterView
{
    IEnumerable<Service> ServicesIn(string ns);

    /// <summary>Empty for a namespace that is not there.</summary>
    IDictionary<string, string> LabelsOfNamespace(string ns);
}
