using Cluster.Api.MetaV1;

namespace Cluster.Api.Validation;

/// <summary>The rules of every object's metadata.</summary>
internal static class ObjectMetaRules
{
    private const int AnnotationBytes = 256 * 1024;
    internal const int ManagerBytes = 128;

    private static readonly string[] StandardFinalizers = ["kubernetes", "orphan", "foregroundDeletion"];

    /// <param name="meta">The metadata.</param>
    /// <param name="namespaced">The kind's objects stand in namespaces.</param>
    /// <param name="nameFormat">What the kind's names look like.</param>
    /// <param name="errors">Gets what is wrong.</param>
    /// <param name="anyFinalizer">Finalizers need no domain: so it is for added kinds and their definitions.</param>
    public static void Create(
        ObjectMeta meta, bool namespaced, Func<string, IEnumerable<string>> nameFormat, FieldErrors errors, bool anyFinalizer = false)
    {
        var path = FieldPath.Metadata;
        if (meta.GenerateName.Length > 0)
        {
            errors.Invalid(path.Child("generateName"), meta.GenerateName, nameFormat(MaskTrailingDash(meta.GenerateName)));
        }
        if (meta.Name.Length == 0)
        {
            errors.Required(path.Child("name"), "name or generateName is required");
        }
        else
        {
            errors.Format(path.Child("name"), meta.Name, nameFormat);
        }
        Namespace(meta.Namespace, namespaced, path.Child("namespace"), errors);
        errors.NotNegative(path.Child("generation"), meta.Generation);
        Common(meta, path, errors, anyFinalizer);
    }

    /// <param name="meta">The metadata.</param>
    /// <param name="before">As it was.</param>
    /// <param name="errors">Gets what is wrong.</param>
    /// <param name="anyFinalizer">As of <see cref="Create"/>.</param>
    public static void Update(ObjectMeta meta, ObjectMeta before, FieldErrors errors, bool anyFinalizer = false)
    {
        var path = FieldPath.Metadata;
        if (before.DeletionTimestamp is not null)
        {
            NoNewFinalizers(meta, before, path.Child("finalizers"), errors);
        }
        if (meta.Generation < before.Generation)
        {
            errors.Invalid(path.Child("generation"), meta.Generation, "must not be decremented");
        }
        errors.Unchanged(path.Child("name"), meta.Name, before.Name);
        errors.Unchanged(path.Child("namespace"), meta.Namespace, before.Namespace);
        UnchangedIfGiven(meta, before, path, errors);
        Common(meta, path, errors, anyFinalizer);
    }

    /// <summary>Of an object within another: it may have no name yet, and be of any kind.</summary>
    public static void Embedded(ObjectMeta meta, FieldPath path, FieldErrors errors)
    {
        errors.OptionalFormat(path.Child("generateName"), meta.GenerateName, NameFormats.PathSegment);
        errors.OptionalFormat(path.Child("name"), meta.Name, NameFormats.PathSegment);
        errors.OptionalFormat(path.Child("namespace"), meta.Namespace, NameFormats.Dns1123Label);
        errors.NotNegative(path.Child("generation"), meta.Generation);
        Common(meta, path, errors, anyFinalizer: true);
    }

    /// <summary>Labels: keys are qualified names, values label values.</summary>
    public static void Labels(IDictionary<string, string> labels, FieldPath path, FieldErrors errors)
    {
        foreach (var (key, value) in labels)
        {
            errors.Format(path, key, NameFormats.QualifiedName);
            errors.Format(path, value, NameFormats.LabelValue);
        }
    }

    /// <summary>Annotations: keys are qualified names whatever their case; values are free, the sum of bytes is bounded.</summary>
    public static void Annotations(IDictionary<string, string> annotations, FieldPath path, FieldErrors errors)
    {
        foreach (var key in annotations.Keys)
        {
            errors.Invalid(path, key, NameFormats.QualifiedName(key.ToLowerInvariant()));
        }
        if (!AnnotationsFit(annotations))
        {
            errors.TooLong(path, AnnotationBytes);
        }
    }

    /// <summary>Their keys and values together are not too long.</summary>
    internal static bool AnnotationsFit(IDictionary<string, string> annotations)
    {
        var bytes = 0L;
        foreach (var (key, value) in annotations)
        {
            bytes += System.Text.Encoding.UTF8.GetByteCount(key) + System.Text.Encoding.UTF8.GetByteCount(value);
        }
        return bytes <= AnnotationBytes;
    }

    private static void Common(ObjectMeta meta, FieldPath path, FieldErrors errors, bool anyFinalizer)
    {
        Labels(meta.Labels, path.Child("labels"), errors);
        Annotations(meta.Annotations, path.Child("annotations"), errors);
        OwnerReferenceRules.Check(meta.OwnerReferences, path.Child("ownerReferences"), errors);
        Finalizers(meta.Finalizers, path.Child("finalizers"), errors, anyFinalizer);
        ManagedFields(meta.ManagedFields, path.Child("managedFields"), errors);
    }

    private static void Namespace(string ns, bool namespaced, FieldPath path, FieldErrors errors)
    {
        if (!namespaced)
        {
            if (ns.Length > 0)
            {
                errors.Forbidden(path, "not allowed on this type");
            }
        }
        else if (errors.Present(path, ns))
        {
            errors.Format(path, ns, NameFormats.Dns1123Label);
        }
    }

    private static void Finalizers(IReadOnlyList<string> finalizers, FieldPath path, FieldErrors errors, bool any)
    {
        for (var i = 0; i < finalizers.Count; i++)
        {
            errors.Format(path, finalizers[i], NameFormats.QualifiedName);
            if (!any)
            {
                StandardOrQualified(finalizers[i], path.Index(i), errors);
            }
        }
        if (finalizers.Contains("orphan") && finalizers.Contains("foregroundDeletion"))
        {
            errors.Invalid(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set");
        }
    }

    /// <summary>A finalizer without a domain must be one that Kubernetes knows.</summary>
    internal static void StandardOrQualified(string finalizer, FieldPath path, FieldErrors errors)
    {
        if (!finalizer.Contains('/', StringComparison.Ordinal) && !StandardFinalizers.Contains(finalizer))
        {
            errors.Invalid(path, finalizer, "name is neither a standard finalizer name nor is it fully qualified");
        }
    }

    private static void NoNewFinalizers(ObjectMeta meta, ObjectMeta before, FieldPath path, FieldErrors errors)
    {
        var added = meta.Finalizers.Except(before.Finalizers).Order(StringComparer.Ordinal).ToList();
        if (added.Count > 0)
        {
            errors.Forbidden(
                path,
                "no new finalizers can be added if the object is being deleted, found new finalizers "
                + $"[]string{{{GoText.QuoteAll(added)}}}");
        }
    }

    private static void ManagedFields(IReadOnlyList<ManagedFieldsEntry> entries, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < entries.Count; i++)
        {
            var (entry, at) = (entries[i], path.Index(i));
            if (entry.Operation is not ("Apply" or "Update"))
            {
                errors.Invalid(at.Child("operation"), entry.Operation, "must be `Apply` or `Update`");
            }
            if (entry.FieldsType is not ("" or "FieldsV1"))
            {
                errors.Invalid(at.Child("fieldsType"), entry.FieldsType, "must be `FieldsV1`");
            }
            FieldManager(entry.Manager, at.Child("manager"), errors);
        }
    }

    /// <summary>Who writes: short and printable.</summary>
    internal static void FieldManager(string manager, FieldPath path, FieldErrors errors)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(manager) > ManagerBytes)
        {
            errors.TooLong(path, ManagerBytes);
        }
        var bad = manager.FirstOrDefault(char.IsControl);
        if (bad != default)
        {
            var position = manager.IndexOf(bad, StringComparison.Ordinal);
            errors.Invalid(path, manager, $"invalid character U+{(int)bad:X4} (at position {position})");
        }
    }

    /// <summary>The server fills these from the stored object when a client leaves them out.</summary>
    private static void UnchangedIfGiven(ObjectMeta meta, ObjectMeta before, FieldPath path, FieldErrors errors)
    {
        if (meta.Uid.Length > 0)
        {
            errors.Unchanged(path.Child("uid"), meta.Uid, before.Uid);
        }
        if (meta.CreationTimestamp is { Seconds: > 0 })
        {
            errors.Unchanged(path.Child("creationTimestamp"), meta.CreationTimestamp, before.CreationTimestamp);
        }
        if (meta.DeletionTimestamp is { Seconds: > 0 })
        {
            errors.Unchanged(path.Child("deletionTimestamp"), meta.DeletionTimestamp, before.DeletionTimestamp);
        }
        if (meta.HasDeletionGracePeriodSeconds)
        {
            long? stored = before.HasDeletionGracePeriodSeconds ? before.DeletionGracePeriodSeconds : null;
            errors.Unchanged(path.Child("deletionGracePeriodSeconds"), meta.DeletionGracePeriodSeconds, stored);
        }
    }

    /// <summary>The dash before the random part counts as a letter, so that <c>web-</c> is a good prefix.</summary>
    private static string MaskTrailingDash(string prefix) => prefix.Length > 1 && prefix[^1] == '-' ? prefix[..^2] + "a" : prefix;
}
