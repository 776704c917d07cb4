using Cluster.Api;

namespace Cluster.Api.StorageV1;

public sealed partial class CSIDriver : IApiObject;

public sealed partial class CSINode : IApiObject;

public sealed partial class CSIStorageCapacity : IApiObject;

public sealed partial class StorageClass : IApiObject;

public sealed partial class VolumeAttachment : IApiObject;

public sealed partial class CSIDriverList : IApiList<CSIDriver>;

public sealed partial class CSINodeList : IApiList<CSINode>;

public sealed partial class CSIStorageCapacityList : IApiList<CSIStorageCapacity>;

public sealed partial class StorageClassList : IApiList<StorageClass>;

public sealed partial class VolumeAttachmentList : IApiList<VolumeAttachment>;
