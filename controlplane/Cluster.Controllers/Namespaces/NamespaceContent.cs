using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.Controllers.Namespaces;

/// <summary>What is still in a namespace that is being deleted.</summary>
internal sealed class NamespaceContent
{
    private static readonly TimeSpan ShortWait = TimeSpan.FromSeconds(1);

    private readonly SortedDictionary<string, int> _finalizers = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _kinds = new(StringComparer.Ordinal);

    /// <summary>How many objects of each resource.</summary>
    public IReadOnlyDictionary<string, int> Kinds => _kinds;

    /// <summary>How many objects each finalizer holds.</summary>
    public IReadOnlyDictionary<string, int> Finalizers => _finalizers;

    /// <summary>What could not be deleted or looked at, and why.</summary>
    public List<StatusException> Failures { get; } = [];

    /// <summary>When to look again: pods take their grace period, half of it as a guess.</summary>
    public TimeSpan Wait { get; private set; } = ShortWait;

    public void Add(ResourceType type, IReadOnlyList<IApiObject> objects)
    {
        if (objects.Count == 0)
        {
            return;
        }

        _kinds[type.GroupResource] = objects.Count;
        foreach (var finalizer in objects.SelectMany(obj => obj.Metadata.Finalizers))
        {
            _finalizers[finalizer] = _finalizers.GetValueOrDefault(finalizer) + 1;
        }

        // Most pods stop at once; a look a second costs less than a namespace that hangs about.
        if (objects.OfType<Pod>().Any(pod => pod.Metadata.DeletionGracePeriodSeconds > 60))
        {
            Wait = TimeSpan.FromSeconds(5);
        }
    }
}
