BEGIN TRANSACTION;
CREATE TABLE dinero_marks (
	organization_id BIGINT NOT NULL, 
	resource VARCHAR(32) NOT NULL, 
	target VARCHAR(128) NOT NULL, 
	syncs INTEGER NOT NULL, 
	mark VARCHAR(20) NOT NULL, 
	seen TEXT NOT NULL, 
	deletes VARCHAR(20) NOT NULL, 
	deletes_seen TEXT NOT NULL, 
	skipped INTEGER NOT NULL, 
	PRIMARY KEY (organization_id, resource, target)
);
INSERT INTO "dinero_marks" VALUES(100001,'invoices','invoices',1,'2026-11-01T00:00:00Z','{"00000000-0000-4000-8000-000000000001": "0123456789abcdef"}','2026-11-01T00:00:00Z','{}',0);
CREATE TABLE invoices (
	"OrganizationId" BIGINT NOT NULL, 
	"Number" BIGINT, 
	"Guid" VARCHAR(36) NOT NULL, 
	"ExternalReference" TEXT, 
	"ContactName" TEXT, 
	"ContactGuid" TEXT, 
	"Date" DATE, 
	"PaymentDate" DATE, 
	"Description" TEXT, 
	"Currency" TEXT, 
	"Status" TEXT, 
	"MailOutStatus" TEXT, 
	"LatestMailOutType" TEXT, 
	"TotalExclVatInDkk" NUMERIC, 
	"TotalInclVatInDkk" NUMERIC, 
	"TotalExclVat" NUMERIC, 
	"TotalInclVat" NUMERIC, 
	"CreatedAt" DATETIME, 
	"UpdatedAt" DATETIME, 
	"DeletedAt" DATETIME, 
	PRIMARY KEY ("OrganizationId", "Guid")
);
INSERT INTO "invoices" VALUES(100001,1,'00000000-0000-4000-8000-000000000001',NULL,NULL,NULL,'2026-02-01',NULL,'Plader til Ærø',NULL,'Booked',NULL,NULL,NULL,NULL,1234,1543.13,'2026-02-01 09:12:47.407000','2026-02-01 23:59:59.000000',NULL);
INSERT INTO "invoices" VALUES(100001,2,'00000000-0000-4000-8000-000000000002',NULL,NULL,NULL,'2026-02-01',NULL,'Plader til Ærø',NULL,'Draft',NULL,NULL,NULL,NULL,1234,1543.13,'2026-02-01 09:12:47.407000','2026-02-01 23:59:59.000000',NULL);
COMMIT;
