using Cluster.Api.MetaV1;

namespace Cluster.Api.Validation;

/// <summary>The rules of one kind, told apart by what is done.</summary>
internal interface IKindRules
{
    void Create(IApiObject obj, FieldErrors errors);

    void Update(IApiObject obj, IApiObject before, FieldErrors errors);

    void StatusUpdate(IApiObject obj, IApiObject before, FieldErrors errors);
}

/// <summary>Metadata rules, and the hooks a kind fills.</summary>
internal abstract class KindRules<T> : IKindRules
    where T : IApiObject, new()
{
    private static readonly ObjectMeta NoMetadata = new();
    private readonly bool namespaced = ResourceCatalog.Find(new T().Descriptor)?.Namespaced ?? true;

    public void Create(IApiObject obj, FieldErrors errors)
    {
        ObjectMetaRules.Create(obj.Metadata ?? NoMetadata, namespaced, NameFormat, errors, AnyFinalizer);
        Check((T)obj, errors);
        CheckCreate((T)obj, errors);
    }

    public void Update(IApiObject obj, IApiObject before, FieldErrors errors)
    {
        ObjectMetaRules.Update(obj.Metadata ?? NoMetadata, before.Metadata ?? NoMetadata, errors, AnyFinalizer);
        Check((T)obj, errors);
        CheckUpdate((T)obj, (T)before, errors);
    }

    public void StatusUpdate(IApiObject obj, IApiObject before, FieldErrors errors)
    {
        ObjectMetaRules.Update(obj.Metadata ?? NoMetadata, before.Metadata ?? NoMetadata, errors, AnyFinalizer);
        CheckStatus((T)obj, (T)before, errors);
    }

    /// <summary>Finalizers need no domain.</summary>
    protected virtual bool AnyFinalizer => false;

    /// <summary>What the kind's names look like.</summary>
    protected virtual IEnumerable<string> NameFormat(string name) => NameFormats.Dns1123Subdomain(name);

    /// <summary>What holds whenever the object is written.</summary>
    protected virtual void Check(T obj, FieldErrors errors)
    {
    }

    /// <summary>What holds for a new object only.</summary>
    protected virtual void CheckCreate(T obj, FieldErrors errors)
    {
    }

    /// <summary>What may not change.</summary>
    protected virtual void CheckUpdate(T obj, T before, FieldErrors errors)
    {
    }

    /// <summary>What a new status must keep to.</summary>
    protected virtual void CheckStatus(T obj, T before, FieldErrors errors)
    {
    }
}
