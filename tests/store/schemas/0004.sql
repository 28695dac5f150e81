BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
CREATE TABLE backfill_parts (
	run_id BIGINT NOT NULL, 
	number BIGINT NOT NULL, 
	first TEXT NOT NULL, 
	last TEXT NOT NULL, 
	state TEXT NOT NULL, 
	rows BIGINT NOT NULL, 
	quarantined BIGINT NOT NULL, 
	fence BIGINT NOT NULL, 
	expected BIGINT, 
	next_link TEXT, 
	owner TEXT, 
	message TEXT, 
	CONSTRAINT pk_backfill_parts PRIMARY KEY (run_id, number)
);
CREATE TABLE backfills (
	run_id BIGINT NOT NULL, 
	entity TEXT NOT NULL, 
	"column" TEXT NOT NULL, 
	first TEXT NOT NULL, 
	last TEXT NOT NULL, 
	chunk TEXT NOT NULL, 
	signature TEXT NOT NULL, 
	CONSTRAINT pk_backfills PRIMARY KEY (run_id)
);
CREATE TABLE comparisons (
	target TEXT NOT NULL, 
	invoice_id TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	message TEXT, 
	at TEXT NOT NULL, 
	CONSTRAINT pk_comparisons PRIMARY KEY (target, invoice_id), 
	CONSTRAINT fk_comparisons_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoices (id)
);
CREATE TABLE cursor_ranges (
	entity TEXT NOT NULL, 
	number BIGINT NOT NULL, 
	first TEXT, 
	last TEXT, 
	CONSTRAINT pk_cursor_ranges PRIMARY KEY (entity, number)
);
CREATE TABLE cursors (
	entity TEXT NOT NULL, 
	generation BIGINT NOT NULL, 
	watermark TEXT, 
	next_link TEXT, 
	mode TEXT NOT NULL, 
	signature TEXT, 
	rows BIGINT NOT NULL, 
	updated_at TEXT NOT NULL, 
	full_at TEXT, 
	pending TEXT, 
	began_at TEXT, 
	delta_link TEXT, 
	CONSTRAINT pk_cursors PRIMARY KEY (entity)
);
INSERT INTO "cursors" VALUES('account-price-list',1,NULL,NULL,'full','b857842bef0b840b',0,'2026-11-21T16:27:20.969102+00:00','2026-11-21T16:27:20.866164+00:00',NULL,'2026-11-21T16:27:20.866164+00:00',NULL);
INSERT INTO "cursors" VALUES('category',1,NULL,NULL,'full','8a2d1894806b8bd3',0,'2026-11-21T16:27:20.985160+00:00','2026-11-21T16:27:20.879504+00:00',NULL,'2026-11-21T16:27:20.879504+00:00',NULL);
INSERT INTO "cursors" VALUES('category-price',1,NULL,NULL,'full','16bb27947489fa48',0,'2026-11-21T16:27:20.994958+00:00','2026-11-21T16:27:20.887616+00:00',NULL,'2026-11-21T16:27:20.887616+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_transactioncategorypricelevels?$select=msdyn_transactioncategorypricelevelid,versionnumber,modifiedon,_msdyn_pricelist_value,_msdyn_transactioncategory_value,_msdyn_unit_value,msdyn_pricecalculation,msdyn_price,msdyn_percent,_transactioncurrencyid_value,createdon,statecode&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a20');
INSERT INTO "cursors" VALUES('account',1,'2025-01-01T00:00:08.000000+00:00',NULL,'full','33923ff783049577',2,'2026-11-21T16:27:20.989627+00:00','2026-11-21T16:27:20.860058+00:00',NULL,'2026-11-21T16:27:20.860058+00:00','http://127.0.0.1:38627/api/data/v9.2/accounts?$select=accountid,versionnumber,modifiedon,name,accountnumber,address1_line1,address1_line2,address1_line3,address1_postalcode,address1_city,address1_stateorprovince,address1_country,_transactioncurrencyid_value,statecode&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a20');
INSERT INTO "cursors" VALUES('contact',1,NULL,NULL,'full','c8db1676b6187376',0,'2026-11-21T16:27:21.026703+00:00','2026-11-21T16:27:20.991459+00:00',NULL,'2026-11-21T16:27:20.991459+00:00','http://127.0.0.1:38627/api/data/v9.2/contacts?$select=contactid,versionnumber,modifiedon,fullname,address1_line1,address1_line2,address1_line3,address1_postalcode,address1_city,address1_stateorprovince,address1_country,_transactioncurrencyid_value,statecode&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('contact-price-list',1,NULL,NULL,'full','06d012ae69420f43',0,'2026-11-21T16:27:21.032219+00:00','2026-11-21T16:27:21.010743+00:00',NULL,'2026-11-21T16:27:21.010743+00:00',NULL);
INSERT INTO "cursors" VALUES('contract',1,'2025-01-01T00:00:10.000000+00:00',NULL,'full','17f1738d88657187',2,'2026-11-21T16:27:21.044221+00:00','2026-11-21T16:27:21.035603+00:00',NULL,'2026-11-21T16:27:21.035603+00:00','http://127.0.0.1:38627/api/data/v9.2/salesorders?$select=salesorderid,versionnumber,modifiedon,name,ordernumber,msdyn_ordertype,msdyn_psastate,_customerid_value,_transactioncurrencyid_value,_quoteid_value,_opportunityid_value,_msdyn_contractorganizationalunitid_value,_pricelevelid_value,requestdeliveryby,createdon,statecode,msdyn_nottoexceedlimit&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('contract-customer',1,NULL,NULL,'full','86c0626adf645720',0,'2026-11-21T16:27:21.058558+00:00','2026-11-21T16:27:21.048617+00:00',NULL,'2026-11-21T16:27:21.048617+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_projectcontractsplitbillingrules?$select=msdyn_projectcontractsplitbillingruleid,versionnumber,modifiedon,statecode,_msdyn_contract_value,_msdyn_accountcustomer_value,_msdyn_contactcustomer_value,msdyn_billingsplitpercentage,msdyn_isrounding,msdyn_isprimary,msdyn_nottoexceedlimit,msdyn_paymentterms&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('contract-price-list',1,'2025-01-01T00:00:12.000000+00:00',NULL,'full','fc9304132bbd4b60',2,'2026-11-21T16:27:21.079970+00:00','2026-11-21T16:27:21.063901+00:00',NULL,'2026-11-21T16:27:21.063901+00:00',NULL);
INSERT INTO "cursors" VALUES('currency',1,'2025-01-01T00:00:01.000000+00:00',NULL,'full','463aa8c41dd27916',1,'2026-11-21T16:27:21.087699+00:00','2026-11-21T16:27:21.068849+00:00',NULL,'2026-11-21T16:27:21.068849+00:00',NULL);
INSERT INTO "cursors" VALUES('dataverse-invoice',1,NULL,NULL,'full','12be993bfa51685b',0,'2026-11-21T16:27:21.092163+00:00','2026-11-21T16:27:21.071520+00:00',NULL,'2026-11-21T16:27:21.071520+00:00','http://127.0.0.1:38627/api/data/v9.2/invoices?$select=invoiceid,versionnumber,modifiedon,invoicenumber,msdyn_ordertype,_salesorderid_value,_customerid_value,_transactioncurrencyid_value,msdyn_projectinvoicestatus,msdyn_invoicedate,totallineitemamount,discountamount,discountpercentage,freightamount,createdon,statecode&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('contract-line',1,'2025-01-01T00:00:16.000000+00:00',NULL,'full','bf77c265b8e6169b',2,'2026-11-21T16:27:21.093683+00:00','2026-11-21T16:27:21.062219+00:00',NULL,'2026-11-21T16:27:21.062219+00:00','http://127.0.0.1:38627/api/data/v9.2/salesorderdetails?$select=salesorderdetailid,versionnumber,modifiedon,_salesorderid_value,lineitemnumber,productdescription,producttypecode,msdyn_billingmethod,_msdyn_project_value,msdyn_includetime,msdyn_includeexpense,msdyn_includematerial,msdyn_includefee,msdyn_billingstartdate,_transactioncurrencyid_value,_productid_value,_uomid_value,msdyn_billingstatus,quantity,priceperunit,manualdiscountamount,volumediscountamount,tax,baseamount,extendedamount,createdon,msdyn_includedtasks,msdyn_nottoexceedlimit,msdyn_discountpercentage,msdyn_feepercentage&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('dated-exchange-rate',1,NULL,NULL,'full','cbd1c598e8ab63cf',0,'2026-11-21T16:27:21.167214+00:00','2026-11-21T16:27:21.137371+00:00',NULL,'2026-11-21T16:27:21.137371+00:00',NULL);
INSERT INTO "cursors" VALUES('line-customer',1,NULL,NULL,'full','2ed1efcc4ab7d0ba',0,'2026-11-21T16:27:21.159550+00:00','2026-11-21T16:27:21.148631+00:00',NULL,'2026-11-21T16:27:21.148631+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_contractlinesplitbillingrules?$select=msdyn_contractlinesplitbillingruleid,versionnumber,modifiedon,statecode,_msdyn_contractlineid_value,_msdyn_accountcustomer_value,_msdyn_contactcustomer_value,msdyn_billingsplitpercentage,msdyn_isrounding,msdyn_nottoexceedlimit&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('line-category',1,NULL,NULL,'full','37217e79cd3363e1',0,'2026-11-21T16:27:21.167534+00:00','2026-11-21T16:27:21.144253+00:00',NULL,'2026-11-21T16:27:21.144253+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_orderlinetransactioncategories?$select=msdyn_orderlinetransactioncategoryid,versionnumber,modifiedon,_msdyn_contractlineid_value,_msdyn_transactioncategory_value,msdyn_billingtype,statecode&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('line-role',1,NULL,NULL,'full','f9fa98f000b57bfd',0,'2026-11-21T16:27:21.171388+00:00','2026-11-21T16:27:21.164309+00:00',NULL,'2026-11-21T16:27:21.164309+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_orderlineresourcecategories?$select=msdyn_orderlineresourcecategoryid,versionnumber,modifiedon,_msdyn_contractlineid_value,_msdyn_resourcecategory_value,msdyn_billingtype,statecode&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('line-task',1,NULL,NULL,'full','f20d6a24feca5855',0,'2026-11-21T16:27:21.180612+00:00','2026-11-21T16:27:21.173007+00:00',NULL,'2026-11-21T16:27:21.173007+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_contractlinetasks?$select=msdyn_contractlinetaskid,versionnumber,modifiedon,statecode,_msdyn_contractlineid_value,_msdyn_projecttask_value,msdyn_billingtype&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('milestone',1,NULL,NULL,'full','c7df03430baaf444',0,'2026-11-21T16:27:21.195576+00:00','2026-11-21T16:27:21.187923+00:00',NULL,'2026-11-21T16:27:21.187923+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_contractlinescheduleofvalues?$select=msdyn_contractlinescheduleofvalueid,versionnumber,modifiedon,msdyn_name,_msdyn_contract_value,_msdyn_contractlineid_value,_msdyn_project_value,msdyn_amount,msdyn_tax,msdyn_invoicedate,msdyn_invoicestatus,_transactioncurrencyid_value,createdon,statecode,_msdyn_accountcustomer_value,msdyn_milestonedate&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('opportunity-price-list',1,NULL,NULL,'full','5af1fba79595cf95',0,'2026-11-21T16:27:21.204716+00:00','2026-11-21T16:27:21.196359+00:00',NULL,'2026-11-21T16:27:21.196359+00:00',NULL);
INSERT INTO "cursors" VALUES('price-list',1,'2025-01-01T00:00:05.000000+00:00',NULL,'full','38204442d8f0d3f8',1,'2026-11-21T16:27:21.218352+00:00','2026-11-21T16:27:21.208800+00:00',NULL,'2026-11-21T16:27:21.208800+00:00',NULL);
INSERT INTO "cursors" VALUES('parameter-price-list',1,NULL,NULL,'full','da3243351f693c4b',0,'2026-11-21T16:27:21.220297+00:00','2026-11-21T16:27:21.213344+00:00',NULL,'2026-11-21T16:27:21.213344+00:00',NULL);
INSERT INTO "cursors" VALUES('organizational-unit',1,'2025-01-01T00:00:03.000000+00:00',NULL,'full','3ff5d7b046bb0538',1,'2026-11-21T16:27:21.204186+00:00','2026-11-21T16:27:21.195259+00:00',NULL,'2026-11-21T16:27:21.195259+00:00',NULL);
INSERT INTO "cursors" VALUES('price-list-item',1,NULL,NULL,'full','d9be08b179d0bd70',0,'2026-11-21T16:27:21.242941+00:00','2026-11-21T16:27:21.227759+00:00',NULL,'2026-11-21T16:27:21.227759+00:00','http://127.0.0.1:38627/api/data/v9.2/productpricelevels?$select=productpricelevelid,versionnumber,modifiedon,_pricelevelid_value,_productid_value,_uomid_value,pricingmethodcode,amount,percentage,_transactioncurrencyid_value,createdon&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('pricing-dimension',1,NULL,NULL,'full','d5ea453bca6a3be5',0,'2026-11-21T16:27:21.291915+00:00','2026-11-21T16:27:21.268287+00:00',NULL,'2026-11-21T16:27:21.268287+00:00',NULL);
INSERT INTO "cursors" VALUES('project',1,'2025-01-01T00:00:14.000000+00:00',NULL,'full','9d32cf21fc14fc50',2,'2026-11-21T16:27:21.296196+00:00','2026-11-21T16:27:21.272409+00:00',NULL,'2026-11-21T16:27:21.272409+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_projects?$select=msdyn_projectid,versionnumber,modifiedon,msdyn_subject,_msdyn_salesorderid_value,_msdyn_contractorganizationalunitid_value,_transactioncurrencyid_value,statecode&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('product',1,NULL,NULL,'full','0b13b2c123164c83',0,'2026-11-21T16:27:21.301025+00:00','2026-11-21T16:27:21.277684+00:00',NULL,'2026-11-21T16:27:21.277684+00:00',NULL);
INSERT INTO "cursors" VALUES('quote',1,NULL,NULL,'full','4a81a254a734f937',0,'2026-11-21T16:27:21.301089+00:00','2026-11-21T16:27:21.270681+00:00',NULL,'2026-11-21T16:27:21.270681+00:00','http://127.0.0.1:38627/api/data/v9.2/quotes?$select=quoteid,versionnumber,modifiedon,name,quotenumber,msdyn_ordertype,_customerid_value,_opportunityid_value,_transactioncurrencyid_value,_msdyn_contractorganizationalunitid_value,createdon,statecode&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('resource',1,NULL,NULL,'full','892da3ce07a3d55b',0,'2026-11-21T16:27:21.328389+00:00','2026-11-21T16:27:21.320869+00:00',NULL,'2026-11-21T16:27:21.320869+00:00',NULL);
INSERT INTO "cursors" VALUES('quote-line',1,NULL,NULL,'full','6cc70685b0c3f870',0,'2026-11-21T16:27:21.332341+00:00','2026-11-21T16:27:21.306829+00:00',NULL,'2026-11-21T16:27:21.306829+00:00','http://127.0.0.1:38627/api/data/v9.2/quotedetails?$select=quotedetailid,versionnumber,modifiedon,_quoteid_value,productdescription,producttypecode,msdyn_billingmethod,_msdyn_project_value,msdyn_includetime,msdyn_includeexpense,msdyn_includematerial,msdyn_includefee&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('quote-price-list',1,NULL,NULL,'full','ca5f1b2ebfad3682',0,'2026-11-21T16:27:21.341677+00:00','2026-11-21T16:27:21.319212+00:00',NULL,'2026-11-21T16:27:21.319212+00:00',NULL);
INSERT INTO "cursors" VALUES('retainer',1,NULL,NULL,'full','8e5a6b20720f908a',0,'2026-11-21T16:27:21.341703+00:00','2026-11-21T16:27:21.325449+00:00',NULL,'2026-11-21T16:27:21.325449+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_projectcontractretainers?$select=msdyn_projectcontractretainerid,versionnumber,modifiedon,createdon,statecode,msdyn_description,_msdyn_contract_value,_msdyn_accountcustomer_value,msdyn_amount,msdyn_invoicedate,msdyn_invoicestatus,msdyn_usedamount,msdyn_availableamount,_transactioncurrencyid_value&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('role',1,'2025-01-01T00:00:04.000000+00:00',NULL,'full','3630e7475c0298fb',1,'2026-11-21T16:27:21.341719+00:00','2026-11-21T16:27:21.336773+00:00',NULL,'2026-11-21T16:27:21.336773+00:00',NULL);
INSERT INTO "cursors" VALUES('schedule-row',1,NULL,NULL,'full','7841ec8face1927d',0,'2026-11-21T16:27:21.386023+00:00','2026-11-21T16:27:21.373665+00:00',NULL,'2026-11-21T16:27:21.373665+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_contractlineinvoiceschedules?$select=msdyn_contractlineinvoicescheduleid,versionnumber,modifiedon,_msdyn_contractlineid_value,_msdyn_contractlinescheduleofvalue_value,msdyn_invoicerundate,msdyn_transactioncutoffdate,msdyn_invoicerunstatus,statecode&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('subcontract-price-list',1,NULL,NULL,'full','50dec52bb40657a7',0,'2026-11-21T16:27:21.392206+00:00','2026-11-21T16:27:21.378530+00:00',NULL,'2026-11-21T16:27:21.378530+00:00',NULL);
INSERT INTO "cursors" VALUES('task',1,NULL,NULL,'full','360736a7de7c5b98',0,'2026-11-21T16:27:21.392553+00:00','2026-11-21T16:27:21.379730+00:00',NULL,'2026-11-21T16:27:21.379730+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_projecttasks?$select=msdyn_projecttaskid,versionnumber,modifiedon,msdyn_subject,statecode&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('subcontract',1,NULL,NULL,'full','68d295797efa2d4f',0,'2026-11-21T16:27:21.394952+00:00','2026-11-21T16:27:21.376306+00:00',NULL,'2026-11-21T16:27:21.376306+00:00',NULL);
INSERT INTO "cursors" VALUES('unit-price-list',1,NULL,NULL,'full','99d2fcc2fefcd918',0,'2026-11-21T16:27:21.450381+00:00','2026-11-21T16:27:21.441506+00:00',NULL,'2026-11-21T16:27:21.441506+00:00',NULL);
INSERT INTO "cursors" VALUES('unit',1,'2025-01-01T00:00:02.000000+00:00',NULL,'full','291ed4f458b7e91c',1,'2026-11-21T16:27:21.457939+00:00','2026-11-21T16:27:21.440590+00:00',NULL,'2026-11-21T16:27:21.440590+00:00',NULL);
INSERT INTO "cursors" VALUES('dataverse-invoice-line',1,NULL,NULL,'full','d82951e4db682754',0,'2026-11-21T16:27:21.459454+00:00','2026-11-21T16:27:21.442743+00:00',NULL,'2026-11-21T16:27:21.442743+00:00','http://127.0.0.1:38627/api/data/v9.2/invoicedetails?$select=invoicedetailid,versionnumber,modifiedon,_invoiceid_value,_salesorderdetailid_value,producttypecode,productdescription,invoicedetailname,productname,msdyn_chargeableamount,quantity,priceperunit,manualdiscountamount,baseamount,extendedamount,tax,_productid_value,_uomid_value&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('transaction-connection',1,NULL,NULL,'full','7fa225b33cd39422',0,'2026-11-21T16:27:21.459989+00:00','2026-11-21T16:27:21.446114+00:00',NULL,'2026-11-21T16:27:21.446114+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_transactionconnections?$select=msdyn_transactionconnectionid,versionnumber,modifiedon,msdyn_transaction1,msdyn_transaction1type,msdyn_transaction1role,msdyn_transaction2,msdyn_transaction2type,msdyn_transaction2role,statecode&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('dimension-field-name',1,NULL,NULL,'full','1b40e30702dfa28e',0,'2026-11-21T16:27:21.495771+00:00','2026-11-21T16:27:21.491238+00:00',NULL,'2026-11-21T16:27:21.491238+00:00',NULL);
INSERT INTO "cursors" VALUES('dataverse-invoice-detail',1,NULL,NULL,'full','6a86214c84b9f4d4',0,'2026-11-21T16:27:21.526136+00:00','2026-11-21T16:27:21.508095+00:00',NULL,'2026-11-21T16:27:21.508095+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_invoicelinetransactions?$select=msdyn_invoicelinetransactionid,versionnumber,modifiedon,_msdyn_invoice_value,_msdyn_invoicelineid_value,msdyn_transactiontypecode,msdyn_transactionclassification,msdyn_documentdate,msdyn_startdatetime,_msdyn_salescontract_value,_msdyn_salescontractlineid_value,_msdyn_project_value,_msdyn_task_value,_msdyn_contractorganizationalunitid_value,_msdyn_resourceorganizationalunitid_value,_msdyn_resourcecategory_value,_msdyn_bookableresource_value,_msdyn_transactioncategory_value,_msdyn_product_value,_msdyn_unit_value,msdyn_customertype,_msdyn_contactcustomer_value,_msdyn_accountcustomer_value,msdyn_quantity,msdyn_price,msdyn_amount,msdyn_amountmethod,msdyn_basisquantity,msdyn_basisprice,msdyn_basisamount,msdyn_percent,_msdyn_pricelist_value,_transactioncurrencyid_value,msdyn_billingtype,msdyn_correction,_msdyn_originalinvoicelinedetail_value,msdyn_previousamount,msdyn_invoiceamount,msdyn_description,msdyn_externaldescription,createdon,statecode,msdyn_transactiondate&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('contract-line-detail',1,NULL,NULL,'full','9b74f7b1913bf877',0,'2026-11-21T16:27:21.526308+00:00','2026-11-21T16:27:21.501722+00:00',NULL,'2026-11-21T16:27:21.501722+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_orderlinetransactions?$select=msdyn_orderlinetransactionid,versionnumber,modifiedon,_msdyn_origin_value,_msdyn_salescontract_value,_msdyn_salescontractlineid_value,msdyn_transactiontypecode,msdyn_transactionclassification,msdyn_documentdate,msdyn_startdatetime,msdyn_enddatetime,_msdyn_project_value,_msdyn_task_value,_msdyn_resourceorganizationalunitid_value,_msdyn_resourcecategory_value,_msdyn_bookableresource_value,_msdyn_transactioncategory_value,_msdyn_product_value,_msdyn_unit_value,msdyn_customertype,_msdyn_contactcustomer_value,_msdyn_accountcustomer_value,msdyn_quantity,msdyn_price,msdyn_amount,msdyn_amountmethod,msdyn_basisquantity,msdyn_basisprice,msdyn_basisamount,msdyn_percent,_msdyn_pricelist_value,_transactioncurrencyid_value,msdyn_billingtype,msdyn_description,createdon,statecode,msdyn_transactiondate,_msdyn_contractorganizationalunitid_value&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('actual',1,'2025-01-01T00:00:18.000000+00:00',NULL,'full','033462177e723163',2,'2026-11-21T16:27:21.536394+00:00','2026-11-21T16:27:21.500187+00:00',NULL,'2026-11-21T16:27:21.500187+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_actuals?$select=msdyn_actualid,versionnumber,modifiedon,msdyn_transactiontypecode,msdyn_transactionclassification,msdyn_documentdate,msdyn_startdatetime,_msdyn_salescontract_value,_msdyn_salescontractlineid_value,_msdyn_project_value,_msdyn_task_value,_msdyn_contractorganizationalunitid_value,_msdyn_resourceorganizationalunitid_value,_msdyn_resourcecategory_value,_msdyn_bookableresource_value,_msdyn_transactioncategory_value,_msdyn_product_value,_msdyn_unit_value,msdyn_customertype,_msdyn_contactcustomer_value,_msdyn_accountcustomer_value,msdyn_quantity,msdyn_price,msdyn_amount,msdyn_amountmethod,msdyn_basisquantity,msdyn_basisprice,msdyn_basisamount,msdyn_percent,_msdyn_pricelist_value,_transactioncurrencyid_value,msdyn_billingtype,msdyn_billingstatus,msdyn_adjustmentstatus,_msdyn_invoice_value,msdyn_description,msdyn_externaldescription,createdon,statecode,msdyn_transactiondate,_msdyn_subcontract_value,msdyn_nottoexceedstatus&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('estimate-line',1,NULL,NULL,'full','c15cdd2202bc9287',0,'2026-11-21T16:27:21.537215+00:00','2026-11-21T16:27:21.512323+00:00',NULL,'2026-11-21T16:27:21.512323+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_estimatelines?$select=msdyn_estimatelineid,versionnumber,modifiedon,_msdyn_origin_value,msdyn_transactiontypecode,msdyn_transactionclassification,msdyn_documentdate,msdyn_startdatetime,msdyn_enddatetime,_msdyn_project_value,_msdyn_task_value,_msdyn_resourceorganizationalunitid_value,_msdyn_resourcecategory_value,_msdyn_bookableresource_value,_msdyn_transactioncategory_value,_msdyn_product_value,_msdyn_unit_value,msdyn_customertype,_msdyn_contactcustomer_value,_msdyn_accountcustomer_value,msdyn_quantity,msdyn_price,msdyn_amount,msdyn_amountmethod,msdyn_basisquantity,msdyn_basisprice,msdyn_basisamount,msdyn_percent,_msdyn_pricelist_value,_transactioncurrencyid_value,msdyn_billingtype,msdyn_description,createdon,statecode,msdyn_transactiondate&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('role-price',1,'2025-01-01T00:00:06.000000+00:00',NULL,'full','c1ddfcce0eb8285f',1,'2026-11-21T16:27:21.580797+00:00','2026-11-21T16:27:21.564874+00:00',NULL,'2026-11-21T16:27:21.564874+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_resourcecategorypricelevels?$select=msdyn_resourcecategorypricelevelid,versionnumber,modifiedon,_msdyn_pricelist_value,_msdyn_unit_value,msdyn_price,msdyn_percent,msdyn_pricecalculation,_transactioncurrencyid_value,createdon,statecode,_msdyn_resourcecategory_value,_msdyn_organizationalunit_value&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('role-price-markup',1,NULL,NULL,'full','ab1374784e2640a6',0,'2026-11-21T16:27:21.608780+00:00','2026-11-21T16:27:21.570549+00:00',NULL,'2026-11-21T16:27:21.570549+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_resourcecategorymarkuppricelevels?$select=msdyn_resourcecategorymarkuppricelevelid,versionnumber,modifiedon,_msdyn_pricelist_value,msdyn_percent,createdon,statecode,_msdyn_resourcecategory_value,_msdyn_organizationalunit_value&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('quote-line-detail',1,NULL,NULL,'full','26dfcff15a7c02e6',0,'2026-11-21T16:27:21.610286+00:00','2026-11-21T16:27:21.563221+00:00',NULL,'2026-11-21T16:27:21.563221+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_quotelinetransactions?$select=msdyn_quotelinetransactionid,versionnumber,modifiedon,_msdyn_origin_value,_msdyn_quoteid_value,_msdyn_quotelineid_value,msdyn_transactiontypecode,msdyn_transactionclassification,msdyn_documentdate,msdyn_startdatetime,msdyn_enddatetime,_msdyn_project_value,_msdyn_task_value,_msdyn_resourceorganizationalunitid_value,_msdyn_resourcecategory_value,_msdyn_bookableresource_value,_msdyn_transactioncategory_value,_msdyn_product_value,_msdyn_unit_value,msdyn_customertype,_msdyn_contactcustomer_value,_msdyn_accountcustomer_value,msdyn_quantity,msdyn_price,msdyn_amount,msdyn_amountmethod,msdyn_basisquantity,msdyn_basisprice,msdyn_basisamount,msdyn_percent,_msdyn_pricelist_value,_transactioncurrencyid_value,msdyn_billingtype,msdyn_description,createdon,statecode,msdyn_transactiondate,_msdyn_contractorganizationalunitid_value&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
INSERT INTO "cursors" VALUES('price-override',1,NULL,NULL,'full','cd1f89dd109d7d9a',0,'2026-11-21T16:27:21.640588+00:00','2026-11-21T16:27:21.626358+00:00',NULL,'2026-11-21T16:27:21.626358+00:00','http://127.0.0.1:38627/api/data/v9.2/msdyn_rolepriceoverrides?$select=msdyn_rolepriceoverrideid,versionnumber,modifiedon,statecode,_msdyn_roleprice_value,_msdyn_rolepricemarkup_value,msdyn_effectivefrom,msdyn_price,_msdyn_unit_value,msdyn_percent,_msdyn_contract_value,_msdyn_quote_value,_msdyn_customer_value,_msdyn_vendor_value,_msdyn_subcontract_value,_msdyn_projectvendorinvoice_value,_msdyn_organizationalunit_value&$deltatoken=1018%2111%2f21%2f2026%2016%3a27%3a21');
CREATE TABLE invoice_details (
	invoice_id TEXT NOT NULL, 
	line BIGINT NOT NULL, 
	place BIGINT NOT NULL, 
	status TEXT NOT NULL, 
	id TEXT NOT NULL, 
	source TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	type TEXT NOT NULL, 
	transaction_class TEXT NOT NULL, 
	contract_line_id TEXT, 
	line_order BIGINT NOT NULL, 
	day TEXT, 
	billing_type TEXT NOT NULL, 
	quantity TEXT NOT NULL, 
	price TEXT, 
	amount TEXT NOT NULL, 
	tax TEXT, 
	original TEXT, 
	previous TEXT, 
	corrects_detail TEXT, 
	touched SMALLINT NOT NULL, 
	description TEXT, 
	external_description TEXT, 
	project_id TEXT, 
	task_id TEXT, 
	role_id TEXT, 
	resource_id TEXT, 
	category_id TEXT, 
	product_id TEXT, 
	unit_id TEXT, 
	price_list_id TEXT, 
	price_reason TEXT, 
	price_rule TEXT, 
	CONSTRAINT pk_invoice_details PRIMARY KEY (invoice_id, line, place), 
	CONSTRAINT fk_invoice_details_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoices (id)
);
INSERT INTO "invoice_details" VALUES('c0887304-20ff-4d9c-9ad2-0ad166516f49',1,1,'confirmed','6f94b1b2-357f-4b95-afbc-4424d9c1689f','ef45bfb5-8250-55df-9b8e-989c02ad7bdf','actual','time','time','8f0b3e54-287e-580b-a4dd-25cfd4d47af4',0,'2026-03-02','chargeable','8','100.00','800.00',NULL,'{"quantity":"8","price":"100.00","amount":"800.00","billing_type":"chargeable"}',NULL,NULL,0,'Work',NULL,'4db365e3-9aa8-5d98-844f-c5fa31cd5126',NULL,'43cf409d-258b-5bcd-a474-cbf18e1773f1',NULL,NULL,NULL,'be29813f-1987-5aae-8902-4fd2adcf8ee9','81347d82-8e55-5d9c-b47e-3dd180e63f62','role-price','P-33');
INSERT INTO "invoice_details" VALUES('dd204fd7-be6f-4e37-a817-c9478e989bcc',1,1,'draft','151981fb-bceb-432a-91c8-20a4da66d4e8','14602dbb-edc9-5eab-8429-b5c117c2303b','actual','time','time','c8e42f84-9bef-53a3-9502-5bc4df15f46c',0,'2026-03-02','chargeable','8','100.00','800.00',NULL,'{"quantity":"8","price":"100.00","amount":"800.00","billing_type":"chargeable"}',NULL,NULL,0,'Work',NULL,'50f33a2d-30d6-52bc-967b-6ec1c1990153',NULL,'43cf409d-258b-5bcd-a474-cbf18e1773f1',NULL,NULL,NULL,'be29813f-1987-5aae-8902-4fd2adcf8ee9','81347d82-8e55-5d9c-b47e-3dd180e63f62','role-price','P-33');
CREATE TABLE invoice_events (
	invoice_id TEXT NOT NULL, 
	sequence BIGINT NOT NULL, 
	at TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	payload TEXT NOT NULL, 
	seal TEXT NOT NULL, 
	CONSTRAINT pk_invoice_events PRIMARY KEY (invoice_id, sequence), 
	CONSTRAINT fk_invoice_events_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoices (id)
);
INSERT INTO "invoice_events" VALUES('c0887304-20ff-4d9c-9ad2-0ad166516f49',1,'2026-11-21T16:27:22.052417+00:00','root','Drafted','{"invoice":{"id":"c0887304-20ff-4d9c-9ad2-0ad166516f49","number":"PF-000001","contract_id":"b640a638-2941-5204-8445-b40b8d96e28f","customer_id":"85781599-5175-51cb-9428-e4af1849575a","currency":{"code":"USD","precision":2},"currency_id":"294d5cd1-7b85-5f33-aa59-3d06aee6b3f4","as_of":"2026-03-31","invoice_date":"2026-03-31","created_at":"2026-11-21T16:27:21.994125Z","lines":[{"contract_line_id":"8f0b3e54-287e-580b-a4dd-25cfd4d47af4","type":"time","description":"Work","details":[{"id":"6f94b1b2-357f-4b95-afbc-4424d9c1689f","source":"ef45bfb5-8250-55df-9b8e-989c02ad7bdf","kind":"actual","type":"time","transaction_class":"time","contract_line_id":"8f0b3e54-287e-580b-a4dd-25cfd4d47af4","line_order":0,"day":"2026-03-02","billing_type":"chargeable","quantity":"8","price":"100.00","amount":"800.00","tax":null,"original":{"quantity":"8","price":"100.00","amount":"800.00","billing_type":"chargeable"},"previous":null,"corrects_detail":null,"touched":false,"description":"Work","external_description":null,"project_id":"4db365e3-9aa8-5d98-844f-c5fa31cd5126","task_id":null,"role_id":"43cf409d-258b-5bcd-a474-cbf18e1773f1","resource_id":null,"category_id":null,"product_id":null,"unit_id":"be29813f-1987-5aae-8902-4fd2adcf8ee9","price_list_id":"81347d82-8e55-5d9c-b47e-3dd180e63f62","price_reason":"role-price","price_rule":"P-33"}]}],"status":"draft","push":"none","reference":null,"corrects":null,"periodic":false,"accounting_date":null,"confirmed_at":null,"external_id":null,"external_number":null,"read_back":null,"flags":[],"origin":"local"}}','34ba4605b8989caab86be94eec4f1609');
INSERT INTO "invoice_events" VALUES('dd204fd7-be6f-4e37-a817-c9478e989bcc',1,'2026-11-21T16:27:22.167812+00:00','root','Drafted','{"invoice":{"id":"dd204fd7-be6f-4e37-a817-c9478e989bcc","number":"PF-000002","contract_id":"32bb3ee1-8923-53b6-a3ae-2dfebfdf7960","customer_id":"3a79df84-8444-591a-a7b7-7cde98ed1603","currency":{"code":"USD","precision":2},"currency_id":"294d5cd1-7b85-5f33-aa59-3d06aee6b3f4","as_of":"2026-03-31","invoice_date":"2026-03-31","created_at":"2026-11-21T16:27:22.140557Z","lines":[{"contract_line_id":"c8e42f84-9bef-53a3-9502-5bc4df15f46c","type":"time","description":"Work","details":[{"id":"151981fb-bceb-432a-91c8-20a4da66d4e8","source":"14602dbb-edc9-5eab-8429-b5c117c2303b","kind":"actual","type":"time","transaction_class":"time","contract_line_id":"c8e42f84-9bef-53a3-9502-5bc4df15f46c","line_order":0,"day":"2026-03-02","billing_type":"chargeable","quantity":"8","price":"100.00","amount":"800.00","tax":null,"original":{"quantity":"8","price":"100.00","amount":"800.00","billing_type":"chargeable"},"previous":null,"corrects_detail":null,"touched":false,"description":"Work","external_description":null,"project_id":"50f33a2d-30d6-52bc-967b-6ec1c1990153","task_id":null,"role_id":"43cf409d-258b-5bcd-a474-cbf18e1773f1","resource_id":null,"category_id":null,"product_id":null,"unit_id":"be29813f-1987-5aae-8902-4fd2adcf8ee9","price_list_id":"81347d82-8e55-5d9c-b47e-3dd180e63f62","price_reason":"role-price","price_rule":"P-33"}]}],"status":"draft","push":"none","reference":null,"corrects":null,"periodic":false,"accounting_date":null,"confirmed_at":null,"external_id":null,"external_number":null,"read_back":null,"flags":[],"origin":"local"}}','b337b7603cb0e694161353cff6c68162');
INSERT INTO "invoice_events" VALUES('c0887304-20ff-4d9c-9ad2-0ad166516f49',2,'2026-11-21T16:27:22.797195+00:00','root','Confirmed','{"reference":"PF-000001-C088730420FF","accounting_date":"2026-03-31"}','fd234f8ddab323842f6513b1ad736ba0');
INSERT INTO "invoice_events" VALUES('c0887304-20ff-4d9c-9ad2-0ad166516f49',3,'2026-11-21T16:27:23.819174+00:00','vm:863','PushChanged','{"push":"sending","attempt":1,"external_id":null,"external_number":null,"message":null,"read_back":null}','22597ee73d9395b3d0f6b5664e80ca6a');
INSERT INTO "invoice_events" VALUES('c0887304-20ff-4d9c-9ad2-0ad166516f49',4,'2026-11-21T16:27:23.832929+00:00','vm:863','PushChanged','{"push":"accepted","attempt":1,"external_id":"e9cc559b-09c7-5539-b22b-9bdd59503cfe","external_number":"INV-000001","message":null,"read_back":null}','b3ed69dcf70bc2e460a89bbbeab37264');
CREATE TABLE invoice_lines (
	invoice_id TEXT NOT NULL, 
	line BIGINT NOT NULL, 
	contract_line_id TEXT, 
	type TEXT NOT NULL, 
	description TEXT NOT NULL, 
	amount TEXT NOT NULL, 
	CONSTRAINT pk_invoice_lines PRIMARY KEY (invoice_id, line), 
	CONSTRAINT fk_invoice_lines_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoices (id)
);
INSERT INTO "invoice_lines" VALUES('c0887304-20ff-4d9c-9ad2-0ad166516f49',1,'8f0b3e54-287e-580b-a4dd-25cfd4d47af4','time','Work','800.00');
INSERT INTO "invoice_lines" VALUES('dd204fd7-be6f-4e37-a817-c9478e989bcc',1,'c8e42f84-9bef-53a3-9502-5bc4df15f46c','time','Work','800.00');
CREATE TABLE invoices (
	position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id TEXT NOT NULL, 
	number TEXT NOT NULL, 
	contract_id TEXT NOT NULL, 
	customer_id TEXT NOT NULL, 
	currency TEXT NOT NULL, 
	currency_precision BIGINT NOT NULL, 
	currency_id TEXT NOT NULL, 
	as_of TEXT NOT NULL, 
	invoice_date TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	status TEXT NOT NULL, 
	push TEXT NOT NULL, 
	reference TEXT, 
	corrects TEXT, 
	periodic SMALLINT NOT NULL, 
	accounting_date TEXT, 
	confirmed_at TEXT, 
	external_id TEXT, 
	external_number TEXT, 
	flags TEXT NOT NULL, 
	total TEXT NOT NULL, 
	origin TEXT NOT NULL, 
	events BIGINT NOT NULL, 
	events_seal TEXT NOT NULL, 
	ledger_rows BIGINT NOT NULL, 
	ledger_seal TEXT NOT NULL, posted_on TEXT, tax TEXT, remaining TEXT, total_with_tax TEXT, 
	CONSTRAINT uq_invoices_id UNIQUE (id), 
	CONSTRAINT uq_invoices_number UNIQUE (number), 
	CONSTRAINT uq_invoices_reference UNIQUE (reference)
);
INSERT INTO "invoices" VALUES(1,'c0887304-20ff-4d9c-9ad2-0ad166516f49','PF-000001','b640a638-2941-5204-8445-b40b8d96e28f','85781599-5175-51cb-9428-e4af1849575a','USD',2,'294d5cd1-7b85-5f33-aa59-3d06aee6b3f4','2026-03-31','2026-03-31','2026-11-21T16:27:21.994125+00:00','confirmed','accepted','PF-000001-C088730420FF',NULL,0,'2026-03-31','2026-11-21T16:27:22.797195+00:00','e9cc559b-09c7-5539-b22b-9bdd59503cfe','INV-000001','[]','800.00','local',4,'b3ed69dcf70bc2e460a89bbbeab37264',2,'1ba33741a0786325ca11b4151a0afe99',NULL,NULL,NULL,NULL);
INSERT INTO "invoices" VALUES(2,'dd204fd7-be6f-4e37-a817-c9478e989bcc','PF-000002','32bb3ee1-8923-53b6-a3ae-2dfebfdf7960','3a79df84-8444-591a-a7b7-7cde98ed1603','USD',2,'294d5cd1-7b85-5f33-aa59-3d06aee6b3f4','2026-03-31','2026-03-31','2026-11-21T16:27:22.140557+00:00','draft','none',NULL,NULL,0,NULL,NULL,NULL,NULL,'[]','800.00','local',1,'b337b7603cb0e694161353cff6c68162',0,'',NULL,NULL,NULL,NULL);
CREATE TABLE leases (
	name TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	epoch BIGINT NOT NULL, 
	until TEXT NOT NULL, 
	CONSTRAINT pk_leases PRIMARY KEY (name)
);
CREATE TABLE ledger_actuals (
	position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id TEXT NOT NULL, 
	invoice_id TEXT NOT NULL, 
	detail_id TEXT NOT NULL, 
	sequence BIGINT NOT NULL, 
	source TEXT NOT NULL, 
	type TEXT NOT NULL, 
	transaction_class TEXT NOT NULL, 
	reversal SMALLINT NOT NULL, 
	quantity TEXT NOT NULL, 
	price TEXT, 
	amount TEXT NOT NULL, 
	billing_type TEXT NOT NULL, 
	billing_status TEXT, 
	contract_id TEXT NOT NULL, 
	contract_line_id TEXT, 
	customer_id TEXT NOT NULL, 
	currency TEXT NOT NULL, 
	day TEXT, 
	accounting_date TEXT, 
	adjusted SMALLINT NOT NULL, 
	reverses TEXT, 
	CONSTRAINT uq_ledger_actuals_id UNIQUE (id), 
	CONSTRAINT fk_ledger_actuals_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoices (id)
);
INSERT INTO "ledger_actuals" VALUES(1,'6cd6f9be-5597-414f-abbf-2d14e8efb763','c0887304-20ff-4d9c-9ad2-0ad166516f49','6f94b1b2-357f-4b95-afbc-4424d9c1689f',1,'ef45bfb5-8250-55df-9b8e-989c02ad7bdf','unbilled','time',1,'-8','100.00','-800.00','chargeable','invoice-posted','b640a638-2941-5204-8445-b40b8d96e28f','8f0b3e54-287e-580b-a4dd-25cfd4d47af4','85781599-5175-51cb-9428-e4af1849575a','USD','2026-03-02',NULL,0,NULL);
INSERT INTO "ledger_actuals" VALUES(2,'8e428591-fd2c-4eb8-aded-c0ebf441a125','c0887304-20ff-4d9c-9ad2-0ad166516f49','6f94b1b2-357f-4b95-afbc-4424d9c1689f',2,'ef45bfb5-8250-55df-9b8e-989c02ad7bdf','billed','time',0,'8','100.00','800.00','chargeable',NULL,'b640a638-2941-5204-8445-b40b8d96e28f','8f0b3e54-287e-580b-a4dd-25cfd4d47af4','85781599-5175-51cb-9428-e4af1849575a','USD','2026-03-02','2026-03-31',0,NULL);
CREATE TABLE marked_sources (
	source TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	at TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	status TEXT, 
	nte TEXT, 
	CONSTRAINT pk_marked_sources PRIMARY KEY (source)
);
CREATE TABLE mirror_actual (
	id TEXT NOT NULL, 
	"table" TEXT NOT NULL, 
	type TEXT, 
	transaction_class TEXT, 
	transaction_date TEXT, 
	document_date TEXT, 
	start_date TEXT, 
	contract_id TEXT, 
	contract_line_id TEXT, 
	project_id TEXT, 
	task_id TEXT, 
	contracting_unit_id TEXT, 
	resourcing_unit_id TEXT, 
	role_id TEXT, 
	resource_id TEXT, 
	category_id TEXT, 
	product_id TEXT, 
	unit_id TEXT, 
	subcontract_id TEXT, 
	vendor_invoice_id TEXT, 
	customer_id TEXT, 
	quantity TEXT, 
	price TEXT, 
	amount TEXT, 
	amount_method TEXT, 
	basis_quantity TEXT, 
	basis_price TEXT, 
	basis_amount TEXT, 
	percent TEXT, 
	price_list_id TEXT, 
	currency_id TEXT, 
	billing_type TEXT, 
	adjustment TEXT, 
	dimensions TEXT NOT NULL, 
	description TEXT, 
	created_at TEXT, 
	active SMALLINT NOT NULL, 
	account_id TEXT, 
	customer_kind TEXT, 
	billing_status TEXT, 
	nte_status TEXT, 
	invoice_id TEXT, 
	external_description TEXT, 
	extended_amount TEXT, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_actual PRIMARY KEY (id)
);
INSERT INTO "mirror_actual" VALUES('14602dbb-edc9-5eab-8429-b5c117c2303b','msdyn_actuals','unbilled-sales','time','2026-03-02',NULL,NULL,'32bb3ee1-8923-53b6-a3ae-2dfebfdf7960','c8e42f84-9bef-53a3-9502-5bc4df15f46c','50f33a2d-30d6-52bc-967b-6ec1c1990153',NULL,'519748c2-587d-5a44-b8c6-62c73be5030f','519748c2-587d-5a44-b8c6-62c73be5030f','43cf409d-258b-5bcd-a474-cbf18e1773f1',NULL,NULL,NULL,'be29813f-1987-5aae-8902-4fd2adcf8ee9',NULL,NULL,'3a79df84-8444-591a-a7b7-7cde98ed1603','8',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'294d5cd1-7b85-5f33-aa59-3d06aee6b3f4','chargeable',NULL,'{"organizational-unit":"519748c2-587d-5a44-b8c6-62c73be5030f","role":"43cf409d-258b-5bcd-a474-cbf18e1773f1"}','Work','2025-01-01T00:00:18.000000+00:00',1,'3a79df84-8444-591a-a7b7-7cde98ed1603','account','ready',NULL,NULL,NULL,NULL,'actual',1018,1,NULL);
INSERT INTO "mirror_actual" VALUES('ef45bfb5-8250-55df-9b8e-989c02ad7bdf','msdyn_actuals','unbilled-sales','time','2026-03-02',NULL,NULL,'b640a638-2941-5204-8445-b40b8d96e28f','8f0b3e54-287e-580b-a4dd-25cfd4d47af4','4db365e3-9aa8-5d98-844f-c5fa31cd5126',NULL,'519748c2-587d-5a44-b8c6-62c73be5030f','519748c2-587d-5a44-b8c6-62c73be5030f','43cf409d-258b-5bcd-a474-cbf18e1773f1',NULL,NULL,NULL,'be29813f-1987-5aae-8902-4fd2adcf8ee9',NULL,NULL,'85781599-5175-51cb-9428-e4af1849575a','8',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'294d5cd1-7b85-5f33-aa59-3d06aee6b3f4','chargeable',NULL,'{"organizational-unit":"519748c2-587d-5a44-b8c6-62c73be5030f","role":"43cf409d-258b-5bcd-a474-cbf18e1773f1"}','Work','2025-01-01T00:00:17.000000+00:00',1,'85781599-5175-51cb-9428-e4af1849575a','account','ready',NULL,NULL,NULL,NULL,'actual',1017,1,NULL);
CREATE TABLE mirror_category (
	id TEXT NOT NULL, 
	name TEXT, 
	billing_type TEXT, 
	unit_group_id TEXT, 
	default_unit_id TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_category PRIMARY KEY (id)
);
CREATE TABLE mirror_category_price (
	id TEXT NOT NULL, 
	price_list_id TEXT, 
	category_id TEXT, 
	unit_id TEXT, 
	calculation TEXT, 
	price TEXT, 
	percent TEXT, 
	currency_id TEXT, 
	created_at TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_category_price PRIMARY KEY (id)
);
CREATE TABLE mirror_contract (
	id TEXT NOT NULL, 
	name TEXT, 
	number TEXT, 
	order_type TEXT, 
	state TEXT, 
	customer_id TEXT, 
	customer_kind TEXT, 
	currency_id TEXT, 
	quote_id TEXT, 
	opportunity_id TEXT, 
	contracting_unit_id TEXT, 
	company_id TEXT, 
	price_list_id TEXT, 
	nte_limit TEXT, 
	requested_delivery TEXT, 
	created_at TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_contract PRIMARY KEY (id)
);
INSERT INTO "mirror_contract" VALUES('32bb3ee1-8923-53b6-a3ae-2dfebfdf7960','south','south','work-based','active','3a79df84-8444-591a-a7b7-7cde98ed1603',NULL,'294d5cd1-7b85-5f33-aa59-3d06aee6b3f4',NULL,NULL,'519748c2-587d-5a44-b8c6-62c73be5030f',NULL,NULL,NULL,NULL,'2025-01-01T00:00:10.000000+00:00',1,'contract',1010,1,NULL);
INSERT INTO "mirror_contract" VALUES('b640a638-2941-5204-8445-b40b8d96e28f','north','north','work-based','active','85781599-5175-51cb-9428-e4af1849575a',NULL,'294d5cd1-7b85-5f33-aa59-3d06aee6b3f4',NULL,NULL,'519748c2-587d-5a44-b8c6-62c73be5030f',NULL,NULL,NULL,NULL,'2025-01-01T00:00:09.000000+00:00',1,'contract',1009,1,NULL);
CREATE TABLE mirror_contract_customer (
	id TEXT NOT NULL, 
	contract_id TEXT, 
	customer_id TEXT, 
	percent TEXT, 
	is_rounding SMALLINT NOT NULL, 
	is_primary SMALLINT NOT NULL, 
	nte_limit TEXT, 
	payment_terms BIGINT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_contract_customer PRIMARY KEY (id)
);
CREATE TABLE mirror_contract_line (
	id TEXT NOT NULL, 
	contract_id TEXT, 
	"order" BIGINT, 
	description TEXT, 
	is_project_based SMALLINT NOT NULL, 
	billing_method TEXT, 
	project_id TEXT, 
	include_time SMALLINT, 
	include_expense SMALLINT, 
	include_material SMALLINT, 
	include_fee SMALLINT, 
	included_tasks TEXT, 
	nte_limit TEXT, 
	discount_percent TEXT, 
	fee_percent TEXT, 
	billing_start TEXT, 
	currency_id TEXT, 
	product_id TEXT, 
	unit_id TEXT, 
	billing_status TEXT, 
	quantity TEXT, 
	price_per_unit TEXT, 
	manual_discount TEXT, 
	volume_discount TEXT, 
	tax TEXT, 
	base_amount TEXT, 
	extended_amount TEXT, 
	created_at TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_contract_line PRIMARY KEY (id)
);
INSERT INTO "mirror_contract_line" VALUES('8f0b3e54-287e-580b-a4dd-25cfd4d47af4','b640a638-2941-5204-8445-b40b8d96e28f',1,'Work',1,'time-and-material','4db365e3-9aa8-5d98-844f-c5fa31cd5126',1,1,1,1,NULL,NULL,NULL,NULL,NULL,'294d5cd1-7b85-5f33-aa59-3d06aee6b3f4',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2025-01-01T00:00:15.000000+00:00',1,'contract-line',1015,1,NULL);
INSERT INTO "mirror_contract_line" VALUES('c8e42f84-9bef-53a3-9502-5bc4df15f46c','32bb3ee1-8923-53b6-a3ae-2dfebfdf7960',1,'Work',1,'time-and-material','50f33a2d-30d6-52bc-967b-6ec1c1990153',1,1,1,1,NULL,NULL,NULL,NULL,NULL,'294d5cd1-7b85-5f33-aa59-3d06aee6b3f4',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2025-01-01T00:00:16.000000+00:00',1,'contract-line',1016,1,NULL);
CREATE TABLE mirror_currency (
	id TEXT NOT NULL, 
	code TEXT NOT NULL, 
	precision BIGINT, 
	exchange_rate TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_currency PRIMARY KEY (id)
);
INSERT INTO "mirror_currency" VALUES('294d5cd1-7b85-5f33-aa59-3d06aee6b3f4','USD',2,'1',1,'currency',1001,1,NULL);
CREATE TABLE mirror_customer (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	name TEXT, 
	number TEXT, 
	street TEXT, 
	postal_code TEXT, 
	city TEXT, 
	region TEXT, 
	country TEXT, 
	currency_id TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_customer PRIMARY KEY (id)
);
INSERT INTO "mirror_customer" VALUES('3a79df84-8444-591a-a7b7-7cde98ed1603','account','Customer south','C-south',NULL,NULL,NULL,NULL,NULL,NULL,1,'account',1008,1,NULL);
INSERT INTO "mirror_customer" VALUES('85781599-5175-51cb-9428-e4af1849575a','account','Customer north','C-north',NULL,NULL,NULL,NULL,NULL,NULL,1,'account',1007,1,NULL);
CREATE TABLE mirror_dated_exchange_rate (
	id TEXT NOT NULL, 
	from_currency_id TEXT, 
	to_currency_id TEXT, 
	first_day TEXT, 
	last_day TEXT, 
	rate TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_dated_exchange_rate PRIMARY KEY (id)
);
CREATE TABLE mirror_dimension_field_name (
	id TEXT NOT NULL, 
	dimension_id TEXT, 
	"table" TEXT, 
	"column" TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_dimension_field_name PRIMARY KEY (id)
);
CREATE TABLE mirror_entities (
	entity TEXT NOT NULL, 
	table_name TEXT NOT NULL, 
	CONSTRAINT pk_mirror_entities PRIMARY KEY (entity, table_name)
);
INSERT INTO "mirror_entities" VALUES('account-price-list','mirror_price_list_attachment');
INSERT INTO "mirror_entities" VALUES('category','mirror_category');
INSERT INTO "mirror_entities" VALUES('category-price','mirror_category_price');
INSERT INTO "mirror_entities" VALUES('account','mirror_customer');
INSERT INTO "mirror_entities" VALUES('contact','mirror_customer');
INSERT INTO "mirror_entities" VALUES('contact-price-list','mirror_price_list_attachment');
INSERT INTO "mirror_entities" VALUES('contract','mirror_contract');
INSERT INTO "mirror_entities" VALUES('contract-customer','mirror_contract_customer');
INSERT INTO "mirror_entities" VALUES('contract-price-list','mirror_price_list_attachment');
INSERT INTO "mirror_entities" VALUES('currency','mirror_currency');
INSERT INTO "mirror_entities" VALUES('dataverse-invoice','mirror_upstream_invoice');
INSERT INTO "mirror_entities" VALUES('contract-line','mirror_contract_line');
INSERT INTO "mirror_entities" VALUES('line-customer','mirror_line_customer');
INSERT INTO "mirror_entities" VALUES('line-category','mirror_line_category');
INSERT INTO "mirror_entities" VALUES('line-role','mirror_line_role');
INSERT INTO "mirror_entities" VALUES('line-task','mirror_line_task');
INSERT INTO "mirror_entities" VALUES('milestone','mirror_milestone');
INSERT INTO "mirror_entities" VALUES('opportunity-price-list','mirror_price_list_attachment');
INSERT INTO "mirror_entities" VALUES('price-list','mirror_price_list');
INSERT INTO "mirror_entities" VALUES('parameter-price-list','mirror_price_list_attachment');
INSERT INTO "mirror_entities" VALUES('organizational-unit','mirror_organizational_unit');
INSERT INTO "mirror_entities" VALUES('price-list-item','mirror_price_list_item');
INSERT INTO "mirror_entities" VALUES('pricing-dimension','mirror_pricing_dimension');
INSERT INTO "mirror_entities" VALUES('project','mirror_project');
INSERT INTO "mirror_entities" VALUES('product','mirror_product');
INSERT INTO "mirror_entities" VALUES('quote','mirror_quote');
INSERT INTO "mirror_entities" VALUES('resource','mirror_resource');
INSERT INTO "mirror_entities" VALUES('quote-line','mirror_quote_line');
INSERT INTO "mirror_entities" VALUES('quote-price-list','mirror_price_list_attachment');
INSERT INTO "mirror_entities" VALUES('retainer','mirror_retainer');
INSERT INTO "mirror_entities" VALUES('role','mirror_role');
INSERT INTO "mirror_entities" VALUES('schedule-row','mirror_schedule_row');
INSERT INTO "mirror_entities" VALUES('subcontract-price-list','mirror_price_list_attachment');
INSERT INTO "mirror_entities" VALUES('task','mirror_task');
INSERT INTO "mirror_entities" VALUES('subcontract','mirror_subcontract');
INSERT INTO "mirror_entities" VALUES('unit-price-list','mirror_price_list_attachment');
INSERT INTO "mirror_entities" VALUES('unit','mirror_unit');
INSERT INTO "mirror_entities" VALUES('dataverse-invoice-line','mirror_upstream_line');
INSERT INTO "mirror_entities" VALUES('transaction-connection','mirror_transaction_connection');
INSERT INTO "mirror_entities" VALUES('dimension-field-name','mirror_dimension_field_name');
INSERT INTO "mirror_entities" VALUES('dataverse-invoice-detail','mirror_upstream_detail');
INSERT INTO "mirror_entities" VALUES('contract-line-detail','mirror_estimate');
INSERT INTO "mirror_entities" VALUES('actual','mirror_actual');
INSERT INTO "mirror_entities" VALUES('estimate-line','mirror_estimate');
INSERT INTO "mirror_entities" VALUES('role-price','mirror_role_price');
INSERT INTO "mirror_entities" VALUES('role-price-markup','mirror_role_price_markup');
INSERT INTO "mirror_entities" VALUES('quote-line-detail','mirror_estimate');
INSERT INTO "mirror_entities" VALUES('price-override','mirror_price_override');
CREATE TABLE mirror_estimate (
	id TEXT NOT NULL, 
	"table" TEXT NOT NULL, 
	type TEXT, 
	transaction_class TEXT, 
	transaction_date TEXT, 
	document_date TEXT, 
	start_date TEXT, 
	contract_id TEXT, 
	contract_line_id TEXT, 
	project_id TEXT, 
	task_id TEXT, 
	contracting_unit_id TEXT, 
	resourcing_unit_id TEXT, 
	role_id TEXT, 
	resource_id TEXT, 
	category_id TEXT, 
	product_id TEXT, 
	unit_id TEXT, 
	subcontract_id TEXT, 
	vendor_invoice_id TEXT, 
	customer_id TEXT, 
	quantity TEXT, 
	price TEXT, 
	amount TEXT, 
	amount_method TEXT, 
	basis_quantity TEXT, 
	basis_price TEXT, 
	basis_amount TEXT, 
	percent TEXT, 
	price_list_id TEXT, 
	currency_id TEXT, 
	billing_type TEXT, 
	adjustment TEXT, 
	dimensions TEXT NOT NULL, 
	description TEXT, 
	created_at TEXT, 
	active SMALLINT NOT NULL, 
	owner TEXT NOT NULL, 
	quote_id TEXT, 
	quote_line_id TEXT, 
	end_date TEXT, 
	related_id TEXT, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_estimate PRIMARY KEY (id)
);
CREATE TABLE mirror_line_category (
	id TEXT NOT NULL, 
	contract_line_id TEXT, 
	category_id TEXT, 
	billing_type TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_line_category PRIMARY KEY (id)
);
CREATE TABLE mirror_line_customer (
	id TEXT NOT NULL, 
	contract_line_id TEXT, 
	customer_id TEXT, 
	percent TEXT, 
	is_rounding SMALLINT NOT NULL, 
	nte_limit TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_line_customer PRIMARY KEY (id)
);
CREATE TABLE mirror_line_role (
	id TEXT NOT NULL, 
	contract_line_id TEXT, 
	role_id TEXT, 
	billing_type TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_line_role PRIMARY KEY (id)
);
CREATE TABLE mirror_line_task (
	id TEXT NOT NULL, 
	contract_line_id TEXT, 
	task_id TEXT, 
	billing_type TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_line_task PRIMARY KEY (id)
);
CREATE TABLE mirror_milestone (
	id TEXT NOT NULL, 
	name TEXT, 
	contract_id TEXT, 
	contract_line_id TEXT, 
	project_id TEXT, 
	customer_id TEXT, 
	amount TEXT, 
	tax TEXT, 
	invoice_date TEXT, 
	date_independent TEXT, 
	status TEXT, 
	currency_id TEXT, 
	created_at TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_milestone PRIMARY KEY (id)
);
CREATE TABLE mirror_organizational_unit (
	id TEXT NOT NULL, 
	name TEXT, 
	currency_id TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_organizational_unit PRIMARY KEY (id)
);
INSERT INTO "mirror_organizational_unit" VALUES('519748c2-587d-5a44-b8c6-62c73be5030f','Unit','294d5cd1-7b85-5f33-aa59-3d06aee6b3f4',1,'organizational-unit',1003,1,NULL);
CREATE TABLE mirror_price_list (
	id TEXT NOT NULL, 
	name TEXT, 
	context TEXT, 
	first_day TEXT, 
	last_day TEXT, 
	currency_id TEXT, 
	time_unit_id TEXT, 
	copied_from_id TEXT, 
	first_day_independent TEXT, 
	last_day_independent TEXT, 
	created_at TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_price_list PRIMARY KEY (id)
);
INSERT INTO "mirror_price_list" VALUES('81347d82-8e55-5d9c-b47e-3dd180e63f62','Rates','sales','2026-01-01','2026-12-31','294d5cd1-7b85-5f33-aa59-3d06aee6b3f4','be29813f-1987-5aae-8902-4fd2adcf8ee9',NULL,NULL,NULL,'2025-01-01T00:00:05.000000+00:00',1,'price-list',1005,1,NULL);
CREATE TABLE mirror_price_list_attachment (
	id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	owner_id TEXT, 
	price_list_id TEXT, 
	created_at TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_price_list_attachment PRIMARY KEY (id)
);
INSERT INTO "mirror_price_list_attachment" VALUES('3d25f362-aa89-5c12-97e9-9b27d7cc7315','contract','b640a638-2941-5204-8445-b40b8d96e28f','81347d82-8e55-5d9c-b47e-3dd180e63f62','2025-01-01T00:00:11.000000+00:00',1,'contract-price-list',1011,1,NULL);
INSERT INTO "mirror_price_list_attachment" VALUES('4d3a2673-ce6e-568a-af77-81ef6a02059e','contract','32bb3ee1-8923-53b6-a3ae-2dfebfdf7960','81347d82-8e55-5d9c-b47e-3dd180e63f62','2025-01-01T00:00:12.000000+00:00',1,'contract-price-list',1012,1,NULL);
CREATE TABLE mirror_price_list_item (
	id TEXT NOT NULL, 
	price_list_id TEXT, 
	product_id TEXT, 
	unit_id TEXT, 
	method TEXT, 
	amount TEXT, 
	percent TEXT, 
	project_method TEXT, 
	currency_id TEXT, 
	created_at TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_price_list_item PRIMARY KEY (id)
);
CREATE TABLE mirror_price_override (
	id TEXT NOT NULL, 
	role_price_id TEXT, 
	markup_id TEXT, 
	effective_from TEXT, 
	price TEXT, 
	unit_id TEXT, 
	percent TEXT, 
	contract_id TEXT, 
	quote_id TEXT, 
	customer_id TEXT, 
	vendor_id TEXT, 
	subcontract_id TEXT, 
	vendor_invoice_id TEXT, 
	organizational_unit_id TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_price_override PRIMARY KEY (id)
);
CREATE TABLE mirror_pricing_dimension (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	type TEXT, 
	applies_to_sales SMALLINT NOT NULL, 
	applies_to_cost SMALLINT NOT NULL, 
	applies_to_purchase SMALLINT NOT NULL, 
	priority_sales BIGINT, 
	priority_cost BIGINT, 
	priority_purchase BIGINT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_pricing_dimension PRIMARY KEY (id)
);
CREATE TABLE mirror_product (
	id TEXT NOT NULL, 
	name TEXT, 
	number TEXT, 
	unit_id TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_product PRIMARY KEY (id)
);
CREATE TABLE mirror_project (
	id TEXT NOT NULL, 
	name TEXT, 
	contract_id TEXT, 
	contracting_unit_id TEXT, 
	currency_id TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_project PRIMARY KEY (id)
);
INSERT INTO "mirror_project" VALUES('4db365e3-9aa8-5d98-844f-c5fa31cd5126','north','b640a638-2941-5204-8445-b40b8d96e28f','519748c2-587d-5a44-b8c6-62c73be5030f','294d5cd1-7b85-5f33-aa59-3d06aee6b3f4',1,'project',1013,1,NULL);
INSERT INTO "mirror_project" VALUES('50f33a2d-30d6-52bc-967b-6ec1c1990153','south','32bb3ee1-8923-53b6-a3ae-2dfebfdf7960','519748c2-587d-5a44-b8c6-62c73be5030f','294d5cd1-7b85-5f33-aa59-3d06aee6b3f4',1,'project',1014,1,NULL);
CREATE TABLE mirror_quote (
	id TEXT NOT NULL, 
	name TEXT, 
	number TEXT, 
	order_type TEXT, 
	customer_id TEXT, 
	opportunity_id TEXT, 
	currency_id TEXT, 
	contracting_unit_id TEXT, 
	created_at TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_quote PRIMARY KEY (id)
);
CREATE TABLE mirror_quote_line (
	id TEXT NOT NULL, 
	quote_id TEXT, 
	description TEXT, 
	is_project_based SMALLINT NOT NULL, 
	billing_method TEXT, 
	project_id TEXT, 
	include_time SMALLINT, 
	include_expense SMALLINT, 
	include_material SMALLINT, 
	include_fee SMALLINT, 
	discount_percent TEXT, 
	fee_percent TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_quote_line PRIMARY KEY (id)
);
CREATE TABLE mirror_resource (
	id TEXT NOT NULL, 
	name TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_resource PRIMARY KEY (id)
);
CREATE TABLE mirror_retainer (
	id TEXT NOT NULL, 
	description TEXT, 
	contract_id TEXT, 
	customer_id TEXT, 
	amount TEXT, 
	invoice_date TEXT, 
	status TEXT, 
	used TEXT, 
	available TEXT, 
	currency_id TEXT, 
	created_at TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_retainer PRIMARY KEY (id)
);
CREATE TABLE mirror_role (
	id TEXT NOT NULL, 
	name TEXT, 
	billing_type TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_role PRIMARY KEY (id)
);
INSERT INTO "mirror_role" VALUES('43cf409d-258b-5bcd-a474-cbf18e1773f1','Consultant','chargeable',1,'role',1004,1,NULL);
CREATE TABLE mirror_role_price (
	id TEXT NOT NULL, 
	price_list_id TEXT, 
	dimensions TEXT NOT NULL, 
	unit_id TEXT, 
	price TEXT, 
	percent TEXT, 
	calculation TEXT, 
	currency_id TEXT, 
	created_at TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_role_price PRIMARY KEY (id)
);
INSERT INTO "mirror_role_price" VALUES('81c99d62-1999-5ac7-aa65-853b6a6cbd17','81347d82-8e55-5d9c-b47e-3dd180e63f62','{"role":"43cf409d-258b-5bcd-a474-cbf18e1773f1"}','be29813f-1987-5aae-8902-4fd2adcf8ee9','100.0000',NULL,NULL,'294d5cd1-7b85-5f33-aa59-3d06aee6b3f4','2025-01-01T00:00:06.000000+00:00',1,'role-price',1006,1,NULL);
CREATE TABLE mirror_role_price_markup (
	id TEXT NOT NULL, 
	price_list_id TEXT, 
	dimensions TEXT NOT NULL, 
	percent TEXT, 
	created_at TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_role_price_markup PRIMARY KEY (id)
);
CREATE TABLE mirror_schedule_row (
	id TEXT NOT NULL, 
	contract_line_id TEXT, 
	milestone_id TEXT, 
	run_date TEXT, 
	cut_off TEXT, 
	status TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_schedule_row PRIMARY KEY (id)
);
CREATE TABLE mirror_subcontract (
	id TEXT NOT NULL, 
	name TEXT, 
	vendor_id TEXT, 
	currency_id TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_subcontract PRIMARY KEY (id)
);
CREATE TABLE mirror_task (
	id TEXT NOT NULL, 
	name TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_task PRIMARY KEY (id)
);
CREATE TABLE mirror_transaction_connection (
	id TEXT NOT NULL, 
	first_id TEXT, 
	first_type TEXT, 
	first_role TEXT, 
	second_id TEXT, 
	second_type TEXT, 
	second_role TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_transaction_connection PRIMARY KEY (id)
);
CREATE TABLE mirror_unit (
	id TEXT NOT NULL, 
	name TEXT, 
	group_id TEXT, 
	quantity TEXT, 
	base_unit_id TEXT, 
	is_group_base SMALLINT NOT NULL, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_unit PRIMARY KEY (id)
);
INSERT INTO "mirror_unit" VALUES('be29813f-1987-5aae-8902-4fd2adcf8ee9','Hour','17f436d4-8cd0-5b8c-bdfd-5e6dae11e81e','1',NULL,1,1,'unit',1002,1,NULL);
CREATE TABLE mirror_upstream_detail (
	id TEXT NOT NULL, 
	"table" TEXT NOT NULL, 
	type TEXT, 
	transaction_class TEXT, 
	transaction_date TEXT, 
	document_date TEXT, 
	start_date TEXT, 
	contract_id TEXT, 
	contract_line_id TEXT, 
	project_id TEXT, 
	task_id TEXT, 
	contracting_unit_id TEXT, 
	resourcing_unit_id TEXT, 
	role_id TEXT, 
	resource_id TEXT, 
	category_id TEXT, 
	product_id TEXT, 
	unit_id TEXT, 
	subcontract_id TEXT, 
	vendor_invoice_id TEXT, 
	customer_id TEXT, 
	quantity TEXT, 
	price TEXT, 
	amount TEXT, 
	amount_method TEXT, 
	basis_quantity TEXT, 
	basis_price TEXT, 
	basis_amount TEXT, 
	percent TEXT, 
	price_list_id TEXT, 
	currency_id TEXT, 
	billing_type TEXT, 
	adjustment TEXT, 
	dimensions TEXT NOT NULL, 
	description TEXT, 
	created_at TEXT, 
	active SMALLINT NOT NULL, 
	invoice_id TEXT, 
	invoice_line_id TEXT, 
	account_id TEXT, 
	customer_kind TEXT, 
	external_description TEXT, 
	is_correction SMALLINT NOT NULL, 
	original_id TEXT, 
	previous_amount TEXT, 
	invoice_amount TEXT, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_upstream_detail PRIMARY KEY (id)
);
CREATE TABLE mirror_upstream_invoice (
	id TEXT NOT NULL, 
	number TEXT, 
	order_type TEXT, 
	contract_id TEXT, 
	customer_id TEXT, 
	currency_id TEXT, 
	status TEXT, 
	invoice_date TEXT, 
	line_total TEXT, 
	discount TEXT, 
	discount_percent TEXT, 
	freight TEXT, 
	created_at TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_upstream_invoice PRIMARY KEY (id)
);
CREATE TABLE mirror_upstream_line (
	id TEXT NOT NULL, 
	invoice_id TEXT, 
	contract_line_id TEXT, 
	is_project_based SMALLINT NOT NULL, 
	description TEXT, 
	chargeable TEXT, 
	quantity TEXT, 
	price_per_unit TEXT, 
	manual_discount TEXT, 
	base_amount TEXT, 
	extended_amount TEXT, 
	tax TEXT, 
	product_id TEXT, 
	unit_id TEXT, 
	active SMALLINT NOT NULL, 
	entity TEXT NOT NULL, 
	row_version BIGINT, 
	generation BIGINT NOT NULL, 
	deleted_at TEXT, 
	CONSTRAINT pk_mirror_upstream_line PRIMARY KEY (id)
);
CREATE TABLE number_series (
	prefix TEXT NOT NULL, 
	last BIGINT NOT NULL, 
	CONSTRAINT pk_number_series PRIMARY KEY (prefix)
);
INSERT INTO "number_series" VALUES('PF-',2);
CREATE TABLE outbox (
	invoice_id TEXT NOT NULL, 
	reference TEXT NOT NULL, 
	target TEXT NOT NULL, 
	state TEXT NOT NULL, 
	attempts BIGINT NOT NULL, 
	fence BIGINT NOT NULL, 
	owner TEXT, 
	lease_until TEXT, 
	document BLOB, 
	digest TEXT, 
	queued_at TEXT NOT NULL, 
	next_attempt_at TEXT, 
	external_id TEXT, 
	external_number TEXT, 
	last_error TEXT, 
	CONSTRAINT pk_outbox PRIMARY KEY (invoice_id), 
	CONSTRAINT fk_outbox_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoices (id), 
	CONSTRAINT uq_outbox_reference UNIQUE (reference)
);
INSERT INTO "outbox" VALUES('c0887304-20ff-4d9c-9ad2-0ad166516f49','PF-000001-C088730420FF','rest','accepted',1,1,NULL,NULL,X'7B227265666572656E6365223A2250462D3030303030312D433038383733303432304646222C226B696E64223A22696E766F696365222C226E756D626572223A2250462D303030303031222C22636F727265637473223A6E756C6C2C22636F6D70616E79223A6E756C6C2C22637573746F6D6572223A7B226163636F756E74223A22432D6E6F727468222C226E616D65223A22437573746F6D6572206E6F727468222C226B696E64223A226163636F756E74227D2C2263757272656E6379223A22555344222C22696E766F6963655F64617465223A22323032362D30332D3331222C226475655F64617465223A6E756C6C2C22706F7374696E675F64617465223A22323032362D30332D3331222C2270757263686173655F6F72646572223A6E756C6C2C22636F6E7472616374223A7B226E756D626572223A226E6F727468222C226E616D65223A226E6F727468222C226964223A2262363430613633382D323934312D353230342D383434352D623430623864393665323866227D2C226C696E6573223A5B7B226C696E65223A312C2274797065223A2274696D65222C226974656D223A6E756C6C2C226465736372697074696F6E223A22576F726B222C227175616E74697479223A2238222C22756E6974223A22486F7572222C22756E69745F7072696365223A223130302E3030222C22616D6F756E74223A223830302E3030222C22636F6E74726163745F6C696E65223A2238663062336535342D323837652D353830622D613464642D323563666434643437616634222C2264657461696C73223A5B7B22736F75726365223A2265663435626662352D383235302D353564662D396238652D393839633032616437626466222C2264617465223A22323032362D30332D3032222C2262696C6C696E675F74797065223A2263686172676561626C65222C226465736372697074696F6E223A22576F726B222C227175616E74697479223A2238222C22756E6974223A22486F7572222C22756E69745F7072696365223A223130302E3030222C22616D6F756E74223A223830302E3030222C2270726F6A656374223A226E6F727468222C22726F6C65223A22436F6E73756C74616E74227D5D7D5D2C22746F74616C223A223830302E3030222C22736861323536223A2238393236343933326535656561653961383762353034326665326230653663623733326331326663663536326131323336363033633139643865643138373236227D','89264932e5eeae9a87b5042fe2b0e6cb732c12fcf562a1236603c19d8ed18726','2026-11-21T16:27:22.797195+00:00','2026-11-21T16:42:23.832949+00:00','e9cc559b-09c7-5539-b22b-9bdd59503cfe','INV-000001',NULL);
CREATE TABLE outbox_attempts (
	position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	invoice_id TEXT NOT NULL, 
	attempt BIGINT NOT NULL, 
	at TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	message TEXT, 
	request_id TEXT, 
	CONSTRAINT fk_outbox_attempts_invoice_id FOREIGN KEY(invoice_id) REFERENCES outbox (invoice_id)
);
INSERT INTO "outbox_attempts" VALUES(1,'c0887304-20ff-4d9c-9ad2-0ad166516f49',1,'2026-11-21T16:27:23.819174+00:00','sending',NULL,NULL);
INSERT INTO "outbox_attempts" VALUES(2,'c0887304-20ff-4d9c-9ad2-0ad166516f49',1,'2026-11-21T16:27:23.832929+00:00','accepted',NULL,NULL);
CREATE TABLE passed_over (
	source TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	contract_id TEXT, 
	message TEXT NOT NULL, 
	since TEXT NOT NULL, 
	CONSTRAINT pk_passed_over PRIMARY KEY (source, reason)
);
CREATE TABLE price_decisions (
	record_id TEXT NOT NULL, 
	grounds_id BIGINT NOT NULL, 
	price TEXT, 
	amount TEXT, 
	quantity TEXT, 
	discount TEXT, 
	fee TEXT, 
	extended TEXT, 
	cost_record_id TEXT, 
	decided_at TEXT NOT NULL, 
	CONSTRAINT pk_price_decisions PRIMARY KEY (record_id)
)
 WITHOUT ROWID

;
INSERT INTO "price_decisions" VALUES('14602dbb-edc9-5eab-8429-b5c117c2303b',6933027689740258575,'100.00','800.00','8',NULL,NULL,NULL,NULL,'2026-11-21T16:27:21.773403+00:00');
INSERT INTO "price_decisions" VALUES('ef45bfb5-8250-55df-9b8e-989c02ad7bdf',6933027689740258575,'100.00','800.00','8',NULL,NULL,NULL,NULL,'2026-11-21T16:27:21.773403+00:00');
CREATE TABLE price_due (
	position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	record_id TEXT NOT NULL
);
CREATE TABLE price_grounds (
	id BIGINT NOT NULL, 
	"table" TEXT NOT NULL, 
	side TEXT, 
	rule TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	price_list_id TEXT, 
	price_line_id TEXT, 
	markup_line_id TEXT, 
	override_id TEXT, 
	unit_id TEXT, 
	currency_id TEXT, 
	currency TEXT, 
	billing_type TEXT, 
	CONSTRAINT pk_price_grounds PRIMARY KEY (id)
);
INSERT INTO "price_grounds" VALUES(6933027689740258575,'msdyn_actuals','sales','P-33','role-price','81347d82-8e55-5d9c-b47e-3dd180e63f62','81c99d62-1999-5ac7-aa65-853b6a6cbd17',NULL,NULL,'be29813f-1987-5aae-8902-4fd2adcf8ee9','294d5cd1-7b85-5f33-aa59-3d06aee6b3f4','USD','chargeable');
CREATE TABLE price_reasons (
	invoice_id TEXT NOT NULL, 
	source TEXT NOT NULL, 
	kept_at TEXT NOT NULL, 
	shared_id BIGINT NOT NULL, 
	price TEXT, 
	amount TEXT, 
	quantity TEXT, 
	own_steps TEXT NOT NULL, 
	CONSTRAINT pk_price_reasons PRIMARY KEY (invoice_id, source), 
	CONSTRAINT fk_price_reasons_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoices (id), 
	CONSTRAINT fk_price_reasons_shared_id FOREIGN KEY(shared_id) REFERENCES shared_reasons (id)
)
 WITHOUT ROWID

;
INSERT INTO "price_reasons" VALUES('c0887304-20ff-4d9c-9ad2-0ad166516f49','ef45bfb5-8250-55df-9b8e-989c02ad7bdf','2026-11-21T16:27:22.052417+00:00',746820154205111272,'100.00','800.00','8','["P-5 date: 2026-03-02, the transaction date","P-4 amount: 8 × 100.00 = 800.00"]');
INSERT INTO "price_reasons" VALUES('dd204fd7-be6f-4e37-a817-c9478e989bcc','14602dbb-edc9-5eab-8429-b5c117c2303b','2026-11-21T16:27:22.167812+00:00',113812191119484966,'100.00','800.00','8','["P-5 date: 2026-03-02, the transaction date","P-4 amount: 8 × 100.00 = 800.00"]');
CREATE TABLE price_state (
	id SMALLINT NOT NULL, 
	noted SMALLINT NOT NULL, 
	fingerprint TEXT, 
	CONSTRAINT pk_price_state PRIMARY KEY (id)
);
INSERT INTO "price_state" VALUES(1,1,'a3825d1619f3d408085819321f59fda0');
CREATE TABLE quarantine (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	entity TEXT NOT NULL, 
	source TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	message TEXT NOT NULL, 
	payload BLOB, 
	since TEXT NOT NULL, 
	seen_at TEXT NOT NULL, 
	dropped_at TEXT, 
	dropped_by TEXT, 
	drop_reason TEXT
);
CREATE TABLE runs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	started_at TEXT NOT NULL, 
	finished_at TEXT, 
	outcome TEXT, 
	counts TEXT NOT NULL, 
	pid BIGINT NOT NULL, 
	host TEXT NOT NULL, 
	process_start TEXT
);
INSERT INTO "runs" VALUES(1,'sync','2026-11-21T16:27:20.396280+00:00','2026-11-21T16:27:21.888101+00:00','done','{"backlog_oldest_days":29,"backlog_rows":2,"confirmed":0,"deleted":0,"drafted":0,"drafts":0,"held":0,"priced":2,"pushed":0,"quarantined":0,"ready_rows":2,"retries":0,"rows":18,"taken_over":0,"throttled_seconds":0,"unpriced":0,"unsent":0,"written_back":0}',863,'vm','f9cdf81f-87a6-4897-bde8-48d9b57484f5:4654418');
CREATE TABLE schedule_marks (
	row_id TEXT NOT NULL, 
	successful SMALLINT NOT NULL, 
	at TEXT NOT NULL, 
	CONSTRAINT pk_schedule_marks PRIMARY KEY (row_id)
);
CREATE TABLE shared_reasons (
	id BIGINT NOT NULL, 
	rule TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	price_list_id TEXT, 
	price_list TEXT, 
	price_line_id TEXT, 
	markup_line_id TEXT, 
	override_id TEXT, 
	currency TEXT, 
	trail TEXT NOT NULL, 
	CONSTRAINT pk_shared_reasons PRIMARY KEY (id)
);
INSERT INTO "shared_reasons" VALUES(746820154205111272,'P-33','role-price','81347d82-8e55-5d9c-b47e-3dd180e63f62','Rates','81c99d62-1999-5ac7-aa65-853b6a6cbd17',NULL,NULL,'USD','["P-1 side: sales, from the type unbilled-sales",null,"P-20 asked: contract north (b640a638-2941-5204-8445-b40b8d96e28f), in USD","P-20 price list Rates (81347d82-8e55-5d9c-b47e-3dd180e63f62): chosen; the only one that fits","P-30 dimensions: role = Consultant (43cf409d-258b-5bcd-a474-cbf18e1773f1), organizational-unit = Unit (519748c2-587d-5a44-b8c6-62c73be5030f)","P-33 role price 81c99d62-1999-5ac7-aa65-853b6a6cbd17: match 10; best","P-45 price of the row: 100.00 USD per Hour","P-56 price: 100.00 USD",null]');
INSERT INTO "shared_reasons" VALUES(113812191119484966,'P-33','role-price','81347d82-8e55-5d9c-b47e-3dd180e63f62','Rates','81c99d62-1999-5ac7-aa65-853b6a6cbd17',NULL,NULL,'USD','["P-1 side: sales, from the type unbilled-sales",null,"P-20 asked: contract south (32bb3ee1-8923-53b6-a3ae-2dfebfdf7960), in USD","P-20 price list Rates (81347d82-8e55-5d9c-b47e-3dd180e63f62): chosen; the only one that fits","P-30 dimensions: role = Consultant (43cf409d-258b-5bcd-a474-cbf18e1773f1), organizational-unit = Unit (519748c2-587d-5a44-b8c6-62c73be5030f)","P-33 role price 81c99d62-1999-5ac7-aa65-853b6a6cbd17: match 10; best","P-45 price of the row: 100.00 USD per Hour","P-56 price: 100.00 USD",null]');
CREATE TABLE source_marks (
	position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	source TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	at TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	status TEXT, 
	nte TEXT
);
CREATE TABLE ticks (
	job TEXT NOT NULL, 
	at TEXT NOT NULL, 
	epoch BIGINT NOT NULL, 
	owner TEXT NOT NULL, 
	outcome TEXT, 
	CONSTRAINT pk_ticks PRIMARY KEY (job, at)
);
CREATE TABLE watch_due (
	position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	contract_id TEXT NOT NULL
);
INSERT INTO "watch_due" VALUES(1,'b640a638-2941-5204-8445-b40b8d96e28f');
INSERT INTO "watch_due" VALUES(2,'32bb3ee1-8923-53b6-a3ae-2dfebfdf7960');
INSERT INTO "watch_due" VALUES(3,'b640a638-2941-5204-8445-b40b8d96e28f');
CREATE TABLE watch_state (
	id SMALLINT NOT NULL, 
	noted SMALLINT NOT NULL, 
	fingerprint TEXT, 
	CONSTRAINT pk_watch_state PRIMARY KEY (id)
);
INSERT INTO "watch_state" VALUES(1,1,'1f070ac97f5b02fee3e01c7d3e683fd2');
CREATE TABLE write_back_seen (
	subject TEXT NOT NULL, 
	version BIGINT NOT NULL, 
	mapping TEXT NOT NULL, 
	CONSTRAINT pk_write_back_seen PRIMARY KEY (subject)
);
CREATE TABLE write_backs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	entity TEXT NOT NULL, 
	row_id TEXT NOT NULL, 
	invoice_id TEXT, 
	wish TEXT NOT NULL, 
	state TEXT NOT NULL, 
	attempts BIGINT NOT NULL, 
	next_attempt_at TEXT, 
	message TEXT, 
	changed_at TEXT NOT NULL, 
	CONSTRAINT uq_write_backs_row UNIQUE (entity, row_id)
);
CREATE INDEX ix_mirror_actual_contract_id ON mirror_actual (contract_id);
CREATE INDEX ix_mirror_actual_deleted_at ON mirror_actual (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_actual_contract_line_id ON mirror_actual (contract_line_id) WHERE contract_id IS NULL;
CREATE INDEX ix_mirror_category_deleted_at ON mirror_category (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_category_price_price_list_id ON mirror_category_price (price_list_id);
CREATE INDEX ix_mirror_category_price_deleted_at ON mirror_category_price (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_contract_deleted_at ON mirror_contract (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_contract_customer_contract_id ON mirror_contract_customer (contract_id);
CREATE INDEX ix_mirror_contract_customer_deleted_at ON mirror_contract_customer (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_contract_line_contract_id ON mirror_contract_line (contract_id);
CREATE INDEX ix_mirror_contract_line_deleted_at ON mirror_contract_line (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_currency_deleted_at ON mirror_currency (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_customer_deleted_at ON mirror_customer (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_dated_exchange_rate_deleted_at ON mirror_dated_exchange_rate (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_dimension_field_name_deleted_at ON mirror_dimension_field_name (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_estimate_contract_id ON mirror_estimate (contract_id);
CREATE INDEX ix_mirror_estimate_project_id ON mirror_estimate (project_id);
CREATE INDEX ix_mirror_estimate_quote_id ON mirror_estimate (quote_id);
CREATE INDEX ix_mirror_estimate_deleted_at ON mirror_estimate (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_line_category_contract_line_id ON mirror_line_category (contract_line_id);
CREATE INDEX ix_mirror_line_category_deleted_at ON mirror_line_category (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_line_customer_contract_line_id ON mirror_line_customer (contract_line_id);
CREATE INDEX ix_mirror_line_customer_deleted_at ON mirror_line_customer (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_line_role_contract_line_id ON mirror_line_role (contract_line_id);
CREATE INDEX ix_mirror_line_role_deleted_at ON mirror_line_role (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_line_task_contract_line_id ON mirror_line_task (contract_line_id);
CREATE INDEX ix_mirror_line_task_deleted_at ON mirror_line_task (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_milestone_contract_id ON mirror_milestone (contract_id);
CREATE INDEX ix_mirror_milestone_contract_line_id ON mirror_milestone (contract_line_id);
CREATE INDEX ix_mirror_milestone_deleted_at ON mirror_milestone (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_organizational_unit_deleted_at ON mirror_organizational_unit (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_price_list_deleted_at ON mirror_price_list (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_price_list_attachment_owner_id ON mirror_price_list_attachment (owner_id);
CREATE INDEX ix_mirror_price_list_attachment_price_list_id ON mirror_price_list_attachment (price_list_id);
CREATE INDEX ix_mirror_price_list_attachment_deleted_at ON mirror_price_list_attachment (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_price_list_item_price_list_id ON mirror_price_list_item (price_list_id);
CREATE INDEX ix_mirror_price_list_item_deleted_at ON mirror_price_list_item (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_price_override_markup_id ON mirror_price_override (markup_id);
CREATE INDEX ix_mirror_price_override_role_price_id ON mirror_price_override (role_price_id);
CREATE INDEX ix_mirror_price_override_deleted_at ON mirror_price_override (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_pricing_dimension_deleted_at ON mirror_pricing_dimension (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_product_deleted_at ON mirror_product (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_project_contract_id ON mirror_project (contract_id);
CREATE INDEX ix_mirror_project_deleted_at ON mirror_project (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_quote_deleted_at ON mirror_quote (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_quote_line_quote_id ON mirror_quote_line (quote_id);
CREATE INDEX ix_mirror_quote_line_deleted_at ON mirror_quote_line (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_resource_deleted_at ON mirror_resource (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_retainer_contract_id ON mirror_retainer (contract_id);
CREATE INDEX ix_mirror_retainer_deleted_at ON mirror_retainer (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_role_deleted_at ON mirror_role (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_role_price_price_list_id ON mirror_role_price (price_list_id);
CREATE INDEX ix_mirror_role_price_deleted_at ON mirror_role_price (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_role_price_markup_price_list_id ON mirror_role_price_markup (price_list_id);
CREATE INDEX ix_mirror_role_price_markup_deleted_at ON mirror_role_price_markup (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_schedule_row_contract_line_id ON mirror_schedule_row (contract_line_id);
CREATE INDEX ix_mirror_schedule_row_deleted_at ON mirror_schedule_row (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_subcontract_deleted_at ON mirror_subcontract (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_task_deleted_at ON mirror_task (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_transaction_connection_first_id ON mirror_transaction_connection (first_id);
CREATE INDEX ix_mirror_transaction_connection_second_id ON mirror_transaction_connection (second_id);
CREATE INDEX ix_mirror_transaction_connection_deleted_at ON mirror_transaction_connection (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_unit_deleted_at ON mirror_unit (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_upstream_detail_invoice_id ON mirror_upstream_detail (invoice_id);
CREATE INDEX ix_mirror_upstream_detail_deleted_at ON mirror_upstream_detail (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_upstream_invoice_contract_id ON mirror_upstream_invoice (contract_id);
CREATE INDEX ix_mirror_upstream_invoice_deleted_at ON mirror_upstream_invoice (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_mirror_upstream_line_invoice_id ON mirror_upstream_line (invoice_id);
CREATE INDEX ix_mirror_upstream_line_deleted_at ON mirror_upstream_line (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE UNIQUE INDEX ux_quarantine_open ON quarantine (kind, entity, source) WHERE dropped_at IS NULL;
CREATE INDEX ix_invoices_contract_id ON invoices (contract_id);
CREATE INDEX ix_invoices_corrects ON invoices (corrects);
CREATE INDEX ix_invoices_status ON invoices (status);
CREATE INDEX ix_invoice_details_source ON invoice_details (source, status);
CREATE INDEX ix_ledger_actuals_contract_id ON ledger_actuals (contract_id);
CREATE INDEX ix_ledger_actuals_invoice_id ON ledger_actuals (invoice_id);
CREATE INDEX ix_ledger_actuals_source ON ledger_actuals (source);
CREATE INDEX ix_source_marks_source ON source_marks (source);
CREATE INDEX ix_passed_over_contract_id ON passed_over (contract_id);
CREATE INDEX ix_outbox_state ON outbox (state, next_attempt_at);
CREATE INDEX ix_outbox_attempts_invoice_id ON outbox_attempts (invoice_id);
CREATE INDEX ix_write_backs_invoice_id ON write_backs (invoice_id);
CREATE INDEX ix_write_backs_state ON write_backs (state, next_attempt_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('runs',1);
INSERT INTO "sqlite_sequence" VALUES('invoices',2);
INSERT INTO "sqlite_sequence" VALUES('watch_due',3);
INSERT INTO "sqlite_sequence" VALUES('ledger_actuals',2);
INSERT INTO "sqlite_sequence" VALUES('outbox_attempts',2);
COMMIT;
