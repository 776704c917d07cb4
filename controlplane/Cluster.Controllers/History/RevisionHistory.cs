using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Json;
using Cluster.Api.Selectors;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.History;

/// <summary>The templates an owner's pods were made from, kept as ControllerRevisions: <c>kubectl rollout history</c> and <c>undo</c> read them.</summary>
/// <remarks>
/// A revision's data is a strategic patch of the owner's template, as Kubernetes writes it. Its hash, which is in its name too, marks the pods
/// made from it.
/// </remarks>
/// <param name="client">Writes them.</param>
/// <param name="revisions">All there are, indexed by owner.</param>
/// <param name="hashLabel">The label of a revision that holds its hash.</param>
internal sealed class RevisionHistory<TOwner>(IApiClient client, Informer<ControllerRevision> revisions, string hashLabel)
    where TOwner : class, IApiObject, new()
{
    private const int MaxCollisions = 8;

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The owner's revisions, oldest first, the last one being that of the template as it is now: found, moved up or made.</summary>
    public async Task<List<ControllerRevision>> SyncAsync(
        TOwner owner, PodTemplateSpec template, LabelSelector selector, CancellationToken cancellationToken)
    {
        var refs = new ControllerRefs<TOwner, ControllerRevision>(client, owner, selector);
        var known = (await refs.ClaimAsync(
            OwnerIndex.OwnedBy(revisions, owner), OwnerIndex.OrphansIn(revisions, owner.Metadata.Namespace), _ => true, cancellationToken))
            .OrderBy(revision => revision.Revision).ThenBy(revision => revision.Metadata.Name, StringComparer.Ordinal).ToList();
        var data = Data(template);
        var found = known.FindLast(revision => Holds(revision, template));
        var next = (known.Count == 0 ? 0 : known[^1].Revision) + 1;
        if (found is null)
        {
            known.Add(await CreateAsync(owner, template, data, next, cancellationToken));
        }
        else if (!ReferenceEquals(found, known[^1]))
        {
            // Rolled back: the old template is the newest again.
            known.Remove(found);
            var moved = found.Clone();
            moved.Revision = next;
            known.Add(await client.UpdateAsync(moved, cancellationToken));
        }

        return known;
    }

    /// <summary>Deletes the oldest revisions that nobody uses, above the limit.</summary>
    public async Task TrimAsync(
        IReadOnlyList<ControllerRevision> known, int limit, Predicate<ControllerRevision> isUsed, CancellationToken cancellationToken)
    {
        var unused = known.SkipLast(1).Where(revision => !isUsed(revision)).ToList();
        foreach (var revision in unused.Take(unused.Count - limit))
        {
            try
            {
                await client.DeleteAsync<ControllerRevision>(revision.Metadata.Namespace, revision.Metadata.Name, null, cancellationToken);
            }
            catch (StatusException e) when (e.IsNotFound)
            {
                // Gone already.
            }
        }
    }

    public string Hash(ControllerRevision revision) => revision.Metadata.Labels.TryGetValue(hashLabel, out var hash) ? hash : "";

    /// <summary>The template a revision holds; null: it holds none.</summary>
    public static PodTemplateSpec? Template(ControllerRevision revision)
    {
        try
        {
            return JsonNode.Parse((revision.Data?.Raw ?? Google.Protobuf.ByteString.Empty).Span)?["spec"]?["template"] is JsonObject template
                ? (PodTemplateSpec)JsonCodec.FromNode(template, PodTemplateSpec.Descriptor, FieldValidation.Ignore, null)
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or StatusException)
        {
            // Written by somebody else, who may write what they like.
            return null;
        }
    }

    /// <summary>Templates with equal hashes would share a name: the collision count makes the next name differ.</summary>
    private async Task<ControllerRevision> CreateAsync(
        TOwner owner, PodTemplateSpec template, byte[] data, long number, CancellationToken cancellationToken)
    {
        for (var collisions = 0; ; collisions++)
        {
            var hash = TemplateHash.Of(data, collisions);
            var revision = new ControllerRevision
            {
                Metadata = new()
                {
                    Namespace = owner.Metadata.Namespace,
                    Name = $"{owner.Metadata.Name}-{hash}",
                    Labels = { template.Metadata?.Labels ?? [] },
                    Annotations = { owner.Metadata.Annotations },
                    OwnerReferences = { OwnerReferences.ToController(owner) },
                },
                Data = new() { Raw = Google.Protobuf.ByteString.CopyFrom(data) },
                Revision = number,
            };
            revision.Metadata.Labels[hashLabel] = hash;
            revision.Metadata.Annotations.Remove("kubectl.kubernetes.io/last-applied-configuration");
            try
            {
                return await client.CreateAsync(revision, cancellationToken);
            }
            catch (StatusException e) when (e.IsAlreadyExists)
            {
                var there = await client.GetAsync<ControllerRevision>(owner.Metadata.Namespace, revision.Metadata.Name, cancellationToken);
                if (Holds(there, template) && OwnerReferences.IsControlledBy(there, owner))
                {
                    return there;
                }

                if (collisions == MaxCollisions)
                {
                    throw;
                }
            }
        }
    }

    // Of one written by another version of ours, or by hand, the bytes may differ and mean the same.
    private static bool Holds(ControllerRevision revision, PodTemplateSpec template) => Same.Meaning(Template(revision), template);

    // Byte for byte as Kubernetes writes it, for its own controllers and tools compare revisions so: keys sorted at every depth, and what
    // HTML could take for its own escaped.
    private static byte[] Data(PodTemplateSpec template)
    {
        var node = JsonCodec.ToNode(template);
        // Or keys that an older template lacks would stay when it is put back.
        node["$patch"] = "replace";
        var text = Sorted(new JsonObject { ["spec"] = new JsonObject { ["template"] = node } })!.ToJsonString(Plain);
        return Encoding.UTF8.GetBytes(text.Replace("<", "\\u003c", StringComparison.Ordinal).Replace(">", "\\u003e", StringComparison.Ordinal)
            .Replace("&", "\\u0026", StringComparison.Ordinal));
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject obj => new JsonObject(obj.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => KeyValuePair.Create(one.Key, Sorted(one.Value)))),
        JsonArray array => new JsonArray([.. array.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
